/** Bytes appended one behind the other. */
export interface ByteSink {
  readonly sizeBytes: number;
  append(bytes: Uint8Array): void;
  /** Everything, in a buffer of its own that may be handed over; the sink is not used again. */
  take(): Uint8Array<ArrayBuffer>;
}

export function createByteSink(): ByteSink {
  let held = new Uint8Array(65_536);
  let size = 0;
  return {
    get sizeBytes() {
      return size;
    },
    append(bytes) {
      const needed = size + bytes.length;
      if (needed > held.length) {
        const grown = new Uint8Array(Math.max(needed, held.length * 2));
        grown.set(held.subarray(0, size));
        held = grown;
      }
      held.set(bytes, size);
      size = needed;
    },
    take: () => held.slice(0, size),
  };
}
