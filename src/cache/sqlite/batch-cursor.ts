import { TimeSlice } from "../../base/index.ts";
import { createRowEncoder } from "../../record/index.ts";
import type { CacheBatch } from "../cache-backend.ts";
import type { WritePart } from "./protocol.ts";
import { KeyWriter, type RowPacket } from "./row-packet.ts";

const MAX_PART_BYTES = 512 * 1_024;
const MAX_PART_DELETES = 4_096;

/** Goes over a batch and turns it into parts of one transaction, each small enough not to be felt. */
export class BatchCursor {
  readonly #batch: CacheBatch;
  readonly #encoder = createRowEncoder();
  readonly #keys = new KeyWriter();
  /** A part is made in less than this, so that the main thread stays free. */
  readonly #slice = new TimeSlice();
  #deletesDone = 0;
  #putsDone = 0;
  #isFirst = true;

  constructor(batch: CacheBatch) {
    this.#batch = batch;
  }

  /** The next stretch; `invalid` for a row that can't be encoded. */
  next(): Pick<WritePart, "first" | "last" | "clear" | "deletes" | "packet"> {
    const { deletes = [], puts = [], clear = false } = this.#batch;
    const first = this.#isFirst;
    this.#isFirst = false;
    const someDeletes = deletes.slice(this.#deletesDone, this.#deletesDone + MAX_PART_DELETES);
    this.#deletesDone += someDeletes.length;
    const areDeletesDone = this.#deletesDone === deletes.length;
    const packet = areDeletesDone && this.#putsDone < puts.length ? this.#pack() : undefined;
    const last = areDeletesDone && this.#putsDone === puts.length;
    return { first, last, clear: first && clear, deletes: someDeletes, packet };
  }

  #pack(): RowPacket {
    const { puts = [] } = this.#batch;
    this.#slice.begin();
    for (let index = this.#putsDone; index < puts.length; index++) {
      const stored = puts[index];
      if (stored === undefined) break;
      const { end } = this.#encoder.append(stored.row);
      this.#keys.append(stored.id, stored.fetchedAt, end);
      this.#putsDone = index + 1;
      if (end >= MAX_PART_BYTES || this.#slice.isOver) break;
    }
    return this.#keys.take(this.#encoder.take());
  }
}
