import { systemClock, type Clock } from "./clock.ts";

/** How far the 12-bit counter starts below its end, at most: the rest counts within one millisecond. */
const COUNTER_BITS = 12;
const COUNTER_END = 1 << COUNTER_BITS;

/** The 48 bits of the time end in the year 10889. */
const MAX_MS = 2 ** 48 - 1;

const RANDOM_BYTES = 10;
/** Random bytes are drawn for many ids at once: one by one they would cost more than all the rest of it. */
const pool = new Uint8Array(RANDOM_BYTES * 256);
let poolAt = pool.length;

let lastMs = 0;
let counter = 0;

/**
 * A UUID of version 7 (RFC 9562): milliseconds since 1970, a 12-bit counter, 62 random bits. Later ones sort
 * behind earlier ones of this process, also within a millisecond and when the clock goes back.
 */
export function uuidV7(clock: Clock = systemClock): string {
  const bytes = drawRandom();
  const nowMs = Math.min(Math.max(0, Math.floor(clock.now())), MAX_MS);
  if (nowMs > lastMs) {
    lastMs = nowMs;
    // A random start below half leaves room to count up, and makes the value hard to guess.
    counter = (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) & (COUNTER_END / 2 - 1);
  } else {
    counter += 1;
    if (counter === COUNTER_END) {
      // More in one millisecond than it can count: the next one is borrowed.
      lastMs = Math.min(lastMs + 1, MAX_MS);
      counter = 0;
    }
  }
  const time = lastMs.toString(16).padStart(12, "0");
  const version = (0x7000 | counter).toString(16);
  const variant = (0x80 | ((bytes[2] ?? 0) & 0x3f)).toString(16);
  let random = "";
  for (let index = 3; index < 10; index++) random += (bytes[index] ?? 0).toString(16).padStart(2, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}${random.slice(0, 2)}-${random.slice(2)}`;
}

/** A view of the pool, to be read before the next call. */
function drawRandom(): Uint8Array {
  if (poolAt === pool.length) {
    crypto.getRandomValues(pool);
    poolAt = 0;
  }
  const start = poolAt;
  poolAt += RANDOM_BYTES;
  return pool.subarray(start, poolAt);
}
