import type { CacheBatch } from "../cache-backend.ts";
import type { WritePart } from "./protocol.ts";
import type { RowPacker } from "./row-packer.ts";
import { packetCount, type RowPacket } from "./row-packet.ts";

const MAX_PART_DELETES = 4_096;

/** Goes over a batch and turns it into parts of one transaction, each small enough not to be felt. */
export class BatchCursor {
  readonly #batch: CacheBatch;
  readonly #packer: RowPacker;
  #deletesDone = 0;
  #putsDone = 0;
  #isFirst = true;

  constructor(batch: CacheBatch, packer: RowPacker) {
    this.#batch = batch;
    this.#packer = packer;
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
    const packet = this.#packer.pack(this.#batch.puts ?? [], this.#putsDone);
    this.#putsDone += packetCount(packet);
    return packet;
  }
}
