import stringWidth from "string-width";

const PLAIN = /^[\u0020-\u007e]*$/;
const ELLIPSIS = "…";
/** A character with more marks on it than any script has is not shown. */
const MOST_MARKS = 32;
const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** How many cells of a terminal the text takes. */
export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** The text, or as much of its beginning as fits beside a `…`. */
export function cutTo(text: string, width: number): string {
  if (PLAIN.test(text))
    return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}${ELLIPSIS}`;
  if (text.length <= width * MOST_MARKS && stringWidth(text) <= width) return text;
  let kept = "";
  let taken = 0;
  for (const { segment } of characters.segment(text.slice(0, (width + 1) * MOST_MARKS))) {
    const more = stringWidth(segment);
    if (taken + more > width - 1 || segment.length > MOST_MARKS) break;
    kept += segment;
    taken += more;
  }
  return `${kept}${ELLIPSIS}`;
}

/** Filled up with blanks, on the right, or on the left for numbers. */
export function padTo(text: string, width: number, side: "left" | "right"): string {
  const blanks = " ".repeat(Math.max(0, width - widthOf(text)));
  return side === "left" ? `${blanks}${text}` : `${text}${blanks}`;
}
