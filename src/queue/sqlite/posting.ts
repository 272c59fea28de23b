/**
 * What goes to the worker in one message: batches one behind the other, packed, so that many small ones cost
 * little more than one.
 */
export interface Posting {
  /** Names that the heads refer to. */
  readonly queues: readonly string[];
  /** Of each batch: queue, 1 for a flush, number of removes, of puts; the removes; sequence and length of each put. */
  readonly heads: Float64Array<ArrayBuffer>;
  /** The records in order; none lies in two chunks. */
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
  readonly count: number;
}

/** One batch of a posting. */
export interface PostedBatch {
  readonly queue: string;
  /** The disk must have it before it is answered. */
  readonly mustFlush: boolean;
  readonly removes: readonly number[];
  readonly puts: readonly PostedPut[];
}

export interface PostedPut {
  readonly sequence: number;
  readonly record: Uint8Array;
}

const CHUNK_BYTES = 262_144;

/** Packs batches; keeps its buffer from posting to posting. */
export class PostingWriter {
  readonly #scratch = new Uint8Array(CHUNK_BYTES);
  #used = 0;
  #full: Uint8Array<ArrayBuffer>[] = [];
  #queues: string[] = [];
  #heads: number[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Begins a batch; exactly so many puts follow. */
  begin(queue: string, mustFlush: boolean, removes: readonly number[], puts: number): void {
    let at = this.#queues.indexOf(queue);
    if (at === -1) at = this.#queues.push(queue) - 1;
    this.#heads.push(at, mustFlush ? 1 : 0, removes.length, puts);
    for (const sequence of removes) this.#heads.push(sequence);
    this.#count += 1;
  }

  put({ sequence, record }: PostedPut): void {
    this.#heads.push(sequence, record.length);
    this.#append(record);
  }

  take(): Posting {
    this.#cut();
    const posting = {
      queues: this.#queues,
      heads: Float64Array.from(this.#heads),
      chunks: this.#full,
      count: this.#count,
    };
    this.#full = [];
    this.#queues = [];
    this.#heads = [];
    this.#count = 0;
    return posting;
  }

  #append(record: Uint8Array): void {
    if (this.#used + record.length > CHUNK_BYTES) this.#cut();
    if (record.length > CHUNK_BYTES) {
      this.#full.push(record.slice());
      return;
    }
    this.#scratch.set(record, this.#used);
    this.#used += record.length;
  }

  #cut(): void {
    if (this.#used > 0) this.#full.push(this.#scratch.slice(0, this.#used));
    this.#used = 0;
  }
}

/** The batches of a posting, in order. */
export function postedBatches({ queues, heads, chunks, count }: Posting): PostedBatch[] {
  let head = 0;
  let chunk = 0;
  let start = 0;
  const nextNumber = (): number => heads[head++] ?? 0;
  const nextRecord = (length: number): Uint8Array => {
    if (start === chunks[chunk]?.length) {
      chunk += 1;
      start = 0;
    }
    const record = (chunks[chunk] ?? new Uint8Array()).subarray(start, start + length);
    start += length;
    return record;
  };
  return Array.from({ length: count }, () => {
    const queue = queues[nextNumber()] ?? "";
    const mustFlush = nextNumber() === 1;
    const removeCount = nextNumber();
    const putCount = nextNumber();
    const removes = Array.from({ length: removeCount }, nextNumber);
    const puts = Array.from({ length: putCount }, () => {
      const sequence = nextNumber();
      return { sequence, record: nextRecord(nextNumber()) };
    });
    return { queue, mustFlush, removes, puts };
  });
}

export function postingBuffers({ heads, chunks }: Posting): ArrayBuffer[] {
  return [heads.buffer, ...chunks.map(({ buffer }) => buffer)];
}
