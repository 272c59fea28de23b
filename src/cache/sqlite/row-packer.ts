import { TimeSlice } from "../../base/index.ts";
import { createRowEncoder } from "../../record/index.ts";
import type { StoredRow } from "../cache-backend.ts";
import { KeyWriter, type RowPacket } from "./row-packet.ts";

const MAX_PACKET_BYTES = 512 * 1_024;

/**
 * Encodes rows into packets for the worker, each made in a few milliseconds, so that the main thread stays free.
 * Kept from batch to batch with its buffers, which would otherwise grow anew for each.
 */
export class RowPacker {
  readonly #encoder = createRowEncoder();
  readonly #keys = new KeyWriter();
  readonly #slice = new TimeSlice();

  /** The next rows of the list, from that one on; `invalid` for a row that can't be encoded. */
  pack(rows: readonly StoredRow[], from: number): RowPacket {
    this.#slice.begin();
    try {
      for (let index = from; index < rows.length; index++) {
        const stored = rows[index];
        if (stored === undefined) break;
        const { end } = this.#encoder.append(stored.row);
        this.#keys.append(stored.id, stored.fetchedAt, end);
        if (end >= MAX_PACKET_BYTES || this.#slice.isOver) break;
      }
    } catch (error) {
      this.#take();
      throw error;
    }
    return this.#take();
  }

  #take(): RowPacket {
    return this.#keys.take(this.#encoder.take());
  }
}
