import { crc32 } from "node:zlib";
import { DioramaError, messageOf, systemClock } from "../../base/index.ts";
import { decodeRow, encodeRow, isList, type Row } from "../../record/index.ts";
import type { WriteKind, WriteOp } from "../../vista/index.ts";
import type { QueuedOp, QueuedState } from "../write-queue.ts";
import { mostTextBytes, textFromBytes, writeText } from "./record-texts.ts";

/**
 * One op as bytes that say everything about themselves, so that they can be found and proven wherever they lie:
 *
 *     0 magic (8) | 8 length of all (u32) | 12 CRC-32 of all that follows (u32) | 16 format (u8) | 17 mask (u8)
 *     18 state (u8) | 19 kind (u8) | 20 flags (u8)
 *     21 sequence | 29 nextAttemptAt | 37 parksUpTo | 45 enqueuedAt | 53 attempt (float64 each)
 *     61 stamp (float64): of two states of an op, the larger is the newer one's
 *     69 queue, opId, id, code and message of the error (texts)
 *     row, partial or { ids } as CBOR, up to the end
 *
 * Numbers have their first byte first. The names stand in front of what is long: damage spares them more often.
 * All behind the mask is combined with it by exclusive or. It is 0 but where the magic would else stand within the
 * record: nobody can hand in a row whose bytes are taken for a record when a damaged file is searched.
 */
export const RECORD_MAGIC: Uint8Array = Uint8Array.of(0xf1, 0x9d, 0x51, 0xb7, 0x4f, 0x70, 0xe2, 0x0a);
export const RECORD_FORMAT = 1;
/** In front of what the checksum covers. */
export const RECORD_HEAD_BYTES = 16;

const MASK_AT = 17;
const MASKED_START = 18;
const STAMP_AT = 61;
const NOTHING = new Uint8Array();
const TEXTS_START = 69;
/** The five texts of a record, each with a length of four bytes. */
const LEAST_BYTES = TEXTS_START + 5 * 4;
/** As large as SQLite takes a blob. */
const MOST_BYTES = 1_000_000_000;

/** Where records are put together, unless they are large. */
const scratch = Buffer.alloc(65_536);

const states: readonly QueuedState[] = ["queued", "confirmed", "echo", "failed"];
const kinds: readonly WriteKind[] = ["insert", "replace", "patch", "delete", "deleteAll"];

const OUTCOME_UNKNOWN = 1;
const HAS_ERROR = 2;
const HAS_PARKS_UP_TO = 4;
const HAS_IDS = 8;
const ALL_FLAGS = OUTCOME_UNKNOWN | HAS_ERROR | HAS_PARKS_UP_TO | HAS_IDS;

export interface OpOfRecord {
  readonly queue: string;
  readonly queued: QueuedOp;
  readonly stamp: number;
}

/** What is still known of a record that is damaged: likely, not proven. */
export interface KnownOfRecord {
  readonly queue?: string | undefined;
  readonly sequence?: number | undefined;
  readonly opId?: string | undefined;
  readonly id?: string | undefined;
}

/** The newest stamp that was given or seen. */
let lastStamp = 0;

/**
 * Larger than any that was given or seen here, so that a new state of an op has a larger one than those before. Time
 * is in it for an op whose sequence one had before that was forgotten long ago.
 */
function nextStamp(): number {
  lastStamp = Math.max(lastStamp + 1, systemClock.now());
  return lastStamp;
}

/** The op as one record. `invalid` for a row that can't be stored, or one that is larger than a file takes. */
export function encodeQueuedOp(
  queueName: string,
  queued: QueuedOp,
  stamp: number = nextStamp(),
): Uint8Array<ArrayBuffer> {
  const { op, error } = queued;
  const texts = [queueName, op.opId, op.id ?? "", error?.code ?? "", error?.message ?? ""];
  const payload = payloadOf(op) ?? NOTHING;
  let mostBytes = TEXTS_START + payload.length;
  for (const text of texts) mostBytes += mostTextBytes(text);
  const bytes = mostBytes <= scratch.length ? scratch : Buffer.alloc(mostBytes);
  let length = TEXTS_START;
  for (const text of texts) length = writeText(bytes, length, text);
  bytes.set(payload, length);
  length += payload.length;
  if (length > MOST_BYTES) {
    throw new DioramaError(
      "invalid",
      `op ${op.opId} takes ${length} bytes, and an op of a durable queue may take ${MOST_BYTES}; write less at once`,
      { place: { vista: queueName, id: op.id } },
    );
  }
  writeHead(bytes, queued, length);
  bytes.writeDoubleBE(stamp, STAMP_AT);
  const record = bytes.subarray(0, length);
  seal(record);
  return new Uint8Array(record);
}

/** What has its fixed place, but for checksum and stamp. */
function writeHead(bytes: Buffer, queued: QueuedOp, length: number): void {
  const { op, state, sequence, nextAttemptAt, parksUpTo = 0 } = queued;
  bytes.set(RECORD_MAGIC);
  bytes.writeUInt32BE(length, 8);
  bytes[16] = RECORD_FORMAT;
  bytes[MASK_AT] = 0;
  bytes[18] = states.indexOf(state);
  bytes[19] = kinds.indexOf(op.kind);
  bytes[20] = flagsOf(queued);
  bytes.writeDoubleBE(sequence, 21);
  bytes.writeDoubleBE(nextAttemptAt, 29);
  bytes.writeDoubleBE(parksUpTo, 37);
  bytes.writeDoubleBE(op.enqueuedAt, 45);
  bytes.writeDoubleBE(op.attempt, 53);
}

/** Sets the checksum, and the mask where the magic stands within the record: a second one is there by no accident. */
function seal(record: Buffer): void {
  for (let mask = 1; ; mask++) {
    record.writeUInt32BE(crc32(record.subarray(RECORD_HEAD_BYTES)), 12);
    // Its first byte stands in hardly any text, and is found faster.
    if (record.indexOf(RECORD_MAGIC[0] ?? 0, 1) === -1 || record.indexOf(RECORD_MAGIC, 1) === -1) return;
    if (mask > 0xff)
      throw new DioramaError("invalid", "an op's bytes can't be told from a record's beginning");
    // From the mask before to this one in one step.
    const change = (record[MASK_AT] ?? 0) ^ mask;
    record[MASK_AT] = mask;
    for (let at = MASKED_START; at < record.length; at++) record[at] = (record[at] ?? 0) ^ change;
  }
}

/** The record with what its mask covers as it was; the bytes themselves where there is none. */
function unmasked(record: Buffer): Buffer {
  const mask = record[MASK_AT] ?? 0;
  if (mask === 0) return record;
  const plain = Buffer.from(record);
  for (let at = MASKED_START; at < plain.length; at++) plain[at] = (plain[at] ?? 0) ^ mask;
  return plain;
}

/**
 * The op of a record, which must be all of these bytes. `unsupported` for a sound record of another format,
 * `corrupt` for anything else that isn't a record; what is still known of it is in the message, and
 * `knownOfRecord` has it for programs.
 */
export function decodeQueuedOp(bytes: Uint8Array): OpOfRecord {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = recordLength(record, 0);
  if (length === undefined) throw bad(record, "it has no record's beginning");
  if (length !== record.length)
    throw bad(record, `it should have ${length} bytes, and there are ${record.length}`);
  if (!isProven(record)) throw bad(record, "its checksum is wrong");
  if (record[16] !== RECORD_FORMAT) {
    throw new DioramaError(
      "unsupported",
      `a queued op is stored in format ${record[16]}, and this version knows ${RECORD_FORMAT}; use the version that wrote it, or a newer one`,
    );
  }
  try {
    return read(unmasked(record));
  } catch (error) {
    throw bad(record, messageOf(error), error);
  }
}

/** How long the record is that begins at a position, by its own word; undefined where none begins. */
export function recordLength(bytes: Buffer, position: number): number | undefined {
  if (position + LEAST_BYTES > bytes.length) return undefined;
  for (const [index, byte] of RECORD_MAGIC.entries()) {
    if (bytes[position + index] !== byte) return undefined;
  }
  const length = bytes.readUInt32BE(position + 8);
  return length >= LEAST_BYTES && length <= MOST_BYTES ? length : undefined;
}

/** The largest stamp of what looks like records in these bytes; 0: there is none. */
export function newestStamp(bytes: Buffer): number {
  let newest = 0;
  for (let at = bytes.indexOf(RECORD_MAGIC); at !== -1; at = bytes.indexOf(RECORD_MAGIC, at + 1)) {
    // Under a mask, which is rare, it would have to be unmasked first.
    if (at + TEXTS_START > bytes.length || bytes[at + MASK_AT] !== 0) continue;
    const stamp = bytes.readDoubleBE(at + STAMP_AT);
    if (stamp > newest) newest = stamp;
  }
  return newest;
}

/** Whether the checksum of these bytes, a whole record by its length, is right. */
export function isProven(record: Buffer): boolean {
  return record.readUInt32BE(12) === crc32(record.subarray(RECORD_HEAD_BYTES));
}

/** What bytes that may be the beginning of a record, or a damaged one, still seem to tell. Never throws. */
export function knownOfRecord(bytes: Uint8Array): KnownOfRecord {
  const record = unmasked(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (record.length < TEXTS_START) return {};
  const sequence = record.readDoubleBE(21);
  const known: KnownOfRecord = Number.isSafeInteger(sequence) && sequence > 0 ? { sequence } : {};
  const texts: string[] = [];
  try {
    for (let position = TEXTS_START; texts.length < 3;) {
      const { text, end } = textFromBytes(record, position);
      texts.push(text);
      position = end;
    }
  } catch {
    // Only the texts in front of the damage are known.
  }
  const [queue, opId, id] = texts;
  return { ...known, queue, opId: opId === "" ? undefined : opId, id: id === "" ? undefined : id };
}

function bad(record: Buffer, problem: string, cause?: unknown): DioramaError {
  const { queue, sequence, opId, id } = knownOfRecord(record);
  const known = [
    queue === undefined ? [] : [`queue ${JSON.stringify(queue.slice(0, 100))}`],
    sequence === undefined ? [] : [`sequence ${sequence}`],
    opId === undefined ? [] : [`op ${JSON.stringify(opId.slice(0, 100))}`],
  ].flat();
  const told = known.length === 0 ? "nothing of it is known" : `it seems to be ${known.join(", ")}`;
  return new DioramaError("corrupt", `a stored op can't be read: ${problem}; ${told}`, {
    cause,
    place: { vista: queue, id },
  });
}

/** A row for what has one; what stands in a row's place for a deleteAll with ids. */
function payloadOf(op: WriteOp): Uint8Array | undefined {
  switch (op.kind) {
    case "insert":
    case "replace":
      return encodeRow(op.row);
    case "patch":
      // What gets into a queue was checked: a member that is there has a value.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return encodeRow(op.partial as Row);
    case "delete":
      return undefined;
    case "deleteAll":
      return op.ids === undefined ? undefined : encodeRow({ ids: op.ids });
  }
}

function flagsOf({ op, error, outcomeUnknown, parksUpTo }: QueuedOp): number {
  const hasIds = op.kind === "deleteAll" && op.ids !== undefined;
  return (
    (outcomeUnknown ? OUTCOME_UNKNOWN : 0) |
    (error === undefined ? 0 : HAS_ERROR) |
    (parksUpTo === undefined ? 0 : HAS_PARKS_UP_TO) |
    (hasIds ? HAS_IDS : 0)
  );
}

/** Reads a record whose checksum is right; throws where it holds no op all the same. */
function read(record: Buffer): OpOfRecord {
  const state = states[record.readUInt8(18)];
  const flags = record.readUInt8(20);
  if (state === undefined || (flags & ~ALL_FLAGS) !== 0) {
    throw new DioramaError("corrupt", "its state or its flags are unknown");
  }
  const texts: string[] = [];
  let position = TEXTS_START;
  while (texts.length < 5) {
    const { text, end } = textFromBytes(record, position);
    texts.push(text);
    position = end;
  }
  const [queue = "", opId = "", id = "", code = "", message = ""] = texts;
  const base = { opId, enqueuedAt: record.readDoubleBE(45), attempt: record.readDoubleBE(53) };
  const op = opOf(base, id, record, position);
  const stamp = record.readDoubleBE(STAMP_AT);
  if (!Number.isFinite(stamp)) throw new DioramaError("corrupt", "its stamp is no number");
  lastStamp = Math.max(lastStamp, stamp);
  return {
    queue,
    stamp,
    queued: Object.freeze({
      sequence: record.readDoubleBE(21),
      op: Object.freeze(op),
      state,
      nextAttemptAt: record.readDoubleBE(29),
      outcomeUnknown: (flags & OUTCOME_UNKNOWN) !== 0,
      ...((flags & HAS_ERROR) === 0 ? {} : { error: Object.freeze({ code, message }) }),
      ...((flags & HAS_PARKS_UP_TO) === 0 ? {} : { parksUpTo: record.readDoubleBE(37) }),
    }),
  };
}

type OpBase = Pick<WriteOp, "opId" | "enqueuedAt" | "attempt">;

function opOf(base: OpBase, id: string, record: Buffer, payloadStart: number): WriteOp {
  const kind = kinds[record.readUInt8(19)];
  switch (kind) {
    case "insert":
    case "replace":
      return { ...base, kind, id, row: decodeRow(record, payloadStart) };
    case "patch":
      return { ...base, kind, id, partial: decodeRow(record, payloadStart) };
    case "delete":
      checkNothing(record, payloadStart);
      return { ...base, kind, id };
    case "deleteAll":
      if ((record.readUInt8(20) & HAS_IDS) !== 0) {
        return { ...base, kind, ids: idsOf(decodeRow(record, payloadStart)) };
      }
      checkNothing(record, payloadStart);
      return { ...base, kind };
    default:
      throw new DioramaError("corrupt", "its kind is unknown");
  }
}

function checkNothing(record: Buffer, from: number): void {
  if (from !== record.length) throw new DioramaError("corrupt", "there is a row where there should be none");
}

function idsOf({ ids }: Row): readonly string[] {
  if (ids === undefined || !isList(ids)) throw new DioramaError("corrupt", "its ids are no list");
  return ids.map((id) => {
    if (typeof id !== "string") throw new DioramaError("corrupt", "one of its ids is no text");
    return id;
  });
}
