import { count } from "./format.ts";

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly rows: number;
  readonly elapsedMs: number;
}

const LONGEST_BAR = 40;
const SHORTEST_BAR = 8;
/** Sooner, an estimate of what is left would only jump about. */
const ESTIMATE_AFTER_MS = 1_000;

/** One line of at most `width` columns that says how far a read is; the bar goes first where there is no room. */
export function progressBar({ done, total, rows, elapsedMs }: Progress, width: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  const leftS = Math.ceil((elapsedMs * (1 - share)) / share / 1_000);
  const left = elapsedMs >= ESTIMATE_AFTER_MS && share > 0 && share < 1 ? `  ${count(leftS)} s left` : "";
  const text = `${percent}  ${count(rows)} rows${left}`;
  const barWidth = Math.min(LONGEST_BAR, width - text.length - "copying [] ".length);
  if (barWidth >= SHORTEST_BAR) return `copying [${drawBar(share, barWidth)}] ${text}`;
  return text.length <= width ? text : percent.slice(0, width);
}

function drawBar(share: number, width: number): string {
  const full = Math.floor(share * width);
  return `${"=".repeat(full)}${full < width ? ">" : ""}`.padEnd(width).slice(0, width);
}
