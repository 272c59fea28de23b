import { type DioramaError, errorAt, toDioramaError } from "../base/index.ts";
import { checkId, type Row } from "../record/index.ts";
import type { Range } from "../views/index.ts";
import type { ChunkSink } from "./scenery-host.ts";

/** What one load is asked for. */
export interface ChunkRequest {
  /** For error messages. */
  readonly vista: string;
  readonly range: Range;
  /** Rows up to here are taken: beyond the range only where it was cut at a total, which they prove too small. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** The sink of one load: which id stands where, checked one by one, to be shown all at once or not at all. */
export class ChunkIntake implements ChunkSink {
  readonly #request: ChunkRequest;
  readonly #ids = new Map<number, string>();
  readonly #places = new Map<string, number>();
  #last: number;
  #isOpen = true;
  #failure: DioramaError | undefined;

  constructor(request: ChunkRequest) {
    this.#request = request;
    this.#last = request.range.start;
  }

  /** By position. */
  get ids(): ReadonlyMap<number, string> {
    return this.#ids;
  }

  /** One past the last row that came; the start of the range where none did. */
  get last(): number {
    return this.#last;
  }

  push(index: number, id: string, _row: Row): void {
    if (!this.#isOpen || this.#request.signal.aborted) return;
    try {
      this.#check(index, id);
    } catch (error) {
      this.#failure ??= toDioramaError(error, "invalid", this.#request.vista);
      throw error;
    }
    this.#ids.set(index, id);
    this.#places.set(id, index);
    this.#last = Math.max(this.#last, index + 1);
  }

  /** Nothing is taken from now on. */
  close(): void {
    this.#isOpen = false;
  }

  /** Throws what a push threw, where the loader went on as if it had not. */
  assertSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #check(index: number, id: string): void {
    const { vista, range, limit } = this.#request;
    const asked = `of the positions ${range.start} to ${range.end}`;
    if (!Number.isSafeInteger(index)) {
      throw errorAt("invalid", { vista }, `a loader ${asked} pushed at ${index}, which is no whole number`);
    }
    if (index < range.start || index >= limit) {
      throw errorAt("invalid", { vista }, `a loader ${asked} pushed at ${index}, which is outside`);
    }
    checkId(id, { vista });
    const there = this.#ids.get(index);
    if (there !== undefined) {
      const message = `a loader ${asked} pushed two rows at ${index}, ${JSON.stringify(there)} first`;
      throw errorAt("invalid", { vista, id }, message);
    }
    const before = this.#places.get(id);
    if (before !== undefined) {
      throw errorAt("invalid", { vista, id }, `a loader ${asked} pushed it at ${before} and at ${index}`);
    }
  }
}
