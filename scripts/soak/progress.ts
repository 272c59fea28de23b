import type { Battery } from "../../test/promises/battery.ts";
import { counted } from "./counted.ts";
import { percentOf } from "./table.ts";
import type { Round, Totals } from "./totals.ts";

const MS_A_SECOND = 1_000;
/** Of a terminal that does not say how wide it is. */
const COLUMNS = 80;
const SECONDS_A_MINUTE = 60;

export interface Standing {
  readonly totals: Totals;
  readonly running: readonly Battery[];
  readonly playedMs: number;
  readonly untilMs: number;
  readonly broken: number;
}

/** Where a soak stands: one line that is written over on a terminal, a line for each round in a pipe. */
export class Progress {
  readonly #out: NodeJS.WriteStream;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(standing: Standing): void {
    if (!this.#out.isTTY) return;
    const { totals, running, playedMs, untilMs, broken } = standing;
    const playing = running
      .map((battery) => `${battery.promise} (${percentOf(battery, totals)})`)
      .join(" and ");
    this.#write(
      `${clock(playedMs)} of ${clock(untilMs)} · playing ${playing || "nothing"} · broken ${broken}`,
    );
  }

  tell({ battery, seed, ms, outcome }: Round): void {
    const isBroken = "reason" in outcome;
    const how = isBroken
      ? `BROKEN: ${outcome.reason}`
      : Object.entries(outcome.counts)
          .map(([name, count]) => counted(count, name))
          .join(", ");
    if (this.#out.isTTY && !isBroken) return;
    this.clear();
    this.#out.write(`${battery.promise} seed ${seed}, ${(ms / MS_A_SECOND).toFixed(1)} s: ${how}\n`);
  }

  clear(): void {
    if (this.#out.isTTY) this.#out.write("\r\u001B[K");
  }

  #write(line: string): void {
    this.clear();
    this.#out.write(line.slice(0, (this.#out.columns || COLUMNS) - 1));
  }
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / MS_A_SECOND);
  return `${Math.floor(seconds / SECONDS_A_MINUTE)}:${String(seconds % SECONDS_A_MINUTE).padStart(2, "0")}`;
}
