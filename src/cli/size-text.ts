const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;
const STEP = 1000;

/** A size in the unit that says most: `312 B`, `48 kB`, `1.3 GB`. */
export function sizeText(sizeBytes: number): string {
  let size = sizeBytes;
  let unit = 0;
  for (; size >= STEP - 0.5 && unit < UNITS.length - 1; unit++) size /= STEP;
  return `${size < 9.95 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}

/** `1 row`, `1,234 rows`. */
export function countText(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}
