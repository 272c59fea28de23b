import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../../test/properties/arbitrary-values.ts";
import { runs } from "../../../test/properties/runs.ts";
import { DioramaError } from "../../base/index.ts";
import { equalValues, type Row, type Value } from "../../record/index.ts";
import type { WriteOp } from "../../vista/index.ts";
import type { QueuedOp } from "../write-queue.ts";
import { decodeQueuedOp, encodeQueuedOp, knownOfRecord, RECORD_MAGIC } from "./op-record.ts";

const anyText = fc.oneof(
  arbitrary.text,
  fc.constantFrom("", "nul\0inside", "half a pair \ud800", "other half \udc00", "x".repeat(300)),
);
const time = fc.oneof(fc.nat(), fc.double({ noNaN: true }), fc.constant(0));
const base = { opId: anyText, enqueuedAt: time, attempt: fc.nat() };
const op: fc.Arbitrary<WriteOp> = fc.oneof(
  fc.record({
    ...base,
    kind: fc.constantFrom("insert" as const, "replace" as const),
    id: anyText,
    row: arbitrary.row,
  }),
  fc.record({ ...base, kind: fc.constant("patch" as const), id: anyText, partial: arbitrary.row }),
  fc.record({ ...base, kind: fc.constant("delete" as const), id: anyText }),
  fc.record({ ...base, kind: fc.constant("deleteAll" as const) }),
  fc.record({
    ...base,
    kind: fc.constant("deleteAll" as const),
    ids: fc.array(arbitrary.text, { maxLength: 40 }),
  }),
);
const state = fc.constantFrom("queued" as const, "confirmed" as const, "echo" as const, "failed" as const);
const queued: fc.Arbitrary<QueuedOp> = fc.record(
  {
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    op,
    state,
    nextAttemptAt: time,
    outcomeUnknown: fc.boolean(),
    error: fc.record({ code: anyText, message: anyText }),
    parksUpTo: fc.maxSafeNat(),
  },
  { requiredKeys: ["sequence", "op", "state", "nextAttemptAt", "outcomeUnknown"] },
);

/** A value to compare by, members in order; ops hold nothing but values. */
function asValue(one: unknown): Value {
  if (typeof one !== "object" || one === null || one instanceof Date || one instanceof Uint8Array) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return one as Value;
  }
  if (Array.isArray(one)) return one.map(asValue);
  return Object.entries(one).map(([key, value]): Value => [key, asValue(value)]);
}

const sortedEntries = (one: object): Value =>
  Object.entries(one)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]): Value => [key, asValue(value)]);

function sameOp(found: QueuedOp, wanted: QueuedOp): void {
  const { op: foundOp, ...foundRest } = found;
  const { op: wantedOp, ...wantedRest } = wanted;
  expect(equalValues(sortedEntries(foundOp), sortedEntries(wantedOp))).toBe(true);
  expect(equalValues(sortedEntries(foundRest), sortedEntries(wantedRest))).toBe(true);
}

/** An op or the one kind of error; whichever it is. */
function outcome(bytes: Uint8Array): "op" | "corrupt" | "unsupported" {
  try {
    decodeQueuedOp(bytes);
    return "op";
  } catch (error) {
    if (!(error instanceof DioramaError)) throw error;
    if (error.code !== "corrupt" && error.code !== "unsupported") throw error;
    return error.code;
  }
}

const sample: QueuedOp = {
  sequence: 42,
  op: {
    opId: "op-42",
    enqueuedAt: 1_764_000_000_000,
    attempt: 2,
    kind: "insert",
    id: "p-7",
    row: { name: "Lamp" },
  },
  state: "failed",
  nextAttemptAt: 1_764_000_000_500,
  outcomeUnknown: true,
  error: { code: "rejected", message: "no such category" },
  parksUpTo: 99,
};

describe("a record", () => {
  test("UF1 brings back any op, in any queue", () => {
    fc.assert(
      fc.property(anyText, queued, (name, one) => {
        const back = decodeQueuedOp(encodeQueuedOp(name, one));
        expect(back.queue).toBe(name);
        sameOp(back.queued, one);
      }),
      runs(1_000),
    );
  });

  test("UF1 brings back the deepest row that there is, as one that inserts, replaces or patches", () => {
    let deep: Row = { end: true };
    for (let level = 1; level < 256; level++) deep = { deep };
    const common = { opId: "a", enqueuedAt: 0, attempt: 0, id: "1" };
    const ops: WriteOp[] = [
      { ...common, kind: "insert", row: deep },
      { ...common, kind: "replace", row: deep },
      { ...common, kind: "patch", partial: deep },
    ];
    for (const one of ops) {
      const back = decodeQueuedOp(encodeQueuedOp("products", { ...sample, op: one }));
      expect(back.queued).toEqual({ ...sample, op: one });
    }
  });

  test("UF1 lies anywhere in the memory of others and shares none with what was read", () => {
    const record = encodeQueuedOp("products", sample);
    const around = new Uint8Array(record.length + 13);
    around.set(record, 7);
    const back = decodeQueuedOp(around.subarray(7, 7 + record.length));
    around.fill(0);
    sameOp(back.queued, sample);
    expect(Object.isFrozen(back.queued) && Object.isFrozen(back.queued.op)).toBe(true);
  });

  test("UF1 of two states of an op the newer one has the larger stamp, also behind one from elsewhere", () => {
    const stampOf = (record: Uint8Array): number => decodeQueuedOp(record).stamp;
    const first = encodeQueuedOp("products", sample);
    const second = encodeQueuedOp("products", sample);
    expect(stampOf(second)).toBeGreaterThan(stampOf(first));
    const foreign = encodeQueuedOp("products", sample, Date.now() + 1e9);
    expect(stampOf(foreign)).toBeGreaterThan(stampOf(second));
    expect(stampOf(encodeQueuedOp("products", sample))).toBeGreaterThan(stampOf(foreign));
  });

  test("UF5 nowhere within a record is what looks like the beginning of one", () => {
    let inner = encodeQueuedOp("products", sample);
    for (let level = 1; level <= 5; level++) {
      const op: WriteOp = {
        kind: "replace",
        opId: "o",
        id: "1",
        enqueuedAt: 0,
        attempt: 0,
        row: { file: inner, magic: RECORD_MAGIC },
      };
      const outer = encodeQueuedOp("products", { ...sample, op });
      expect(Buffer.from(outer).lastIndexOf(RECORD_MAGIC)).toBe(0);
      sameOp(decodeQueuedOp(outer).queued, { ...sample, op });
      expect(knownOfRecord(outer)).toMatchObject({ queue: "products", opId: "o", id: "1" });
      inner = outer;
    }
  });
});

describe("damage", () => {
  test("UF2 any bit changed, any end cut off, anything behind it: corrupt", () => {
    const record = encodeQueuedOp("products", sample);
    for (let bit = 0; bit < record.length * 8; bit++) {
      const changed = record.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(outcome(changed), `bit ${bit}`).toBe("corrupt");
    }
    for (let end = 0; end < record.length; end++) expect(outcome(record.subarray(0, end))).toBe("corrupt");
    expect(outcome(Uint8Array.from([...record, 0]))).toBe("corrupt");
  });

  test("UF3 the error and knownOfRecord tell what is still known", () => {
    const record = encodeQueuedOp("products", sample);
    record[record.length - 1] = 0;
    expect(knownOfRecord(record)).toEqual({ queue: "products", sequence: 42, opId: "op-42", id: "p-7" });
    expect(() => decodeQueuedOp(record)).toThrow(/checksum.*queue "products", sequence 42, op "op-42"/);
    expect(() => decodeQueuedOp(record)).toThrow(
      expect.objectContaining({ code: "corrupt", place: { vista: "products", id: "p-7" } }),
    );
    expect(knownOfRecord(record.subarray(0, 84))).toMatchObject({ sequence: 42, opId: undefined });
    expect(knownOfRecord(new Uint8Array(10))).toEqual({});
    expect(() => decodeQueuedOp(new Uint8Array(10))).toThrow(/nothing of it is known/);
  });

  test("UF3 damaged records, with a checksum that is right all the same, are an op or corrupt", () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(queued, damage, fc.nat(), (one, damages, cut) => {
        const record = encodeQueuedOp("products", one);
        for (const [at, byte] of damages) record[18 + (at % (record.length - 18))] = byte;
        const length = cut % 3 === 0 ? 80 + (cut % Math.max(1, record.length - 80)) : record.length;
        const shortened = signed(record.slice(0, length));
        expect(["op", "corrupt"]).toContain(outcome(shortened));
        knownOfRecord(shortened);
      }),
      runs(2_000),
    );
  });

  test("UF4 a sound record of another format is unsupported", () => {
    const record = encodeQueuedOp("products", sample);
    record[16] = 2;
    expect(outcome(record)).toBe("corrupt");
    expect(outcome(signed(record))).toBe("unsupported");
  });
});

/** With the length and the checksum that it should have. */
function signed(record: Uint8Array): Uint8Array {
  const view = new DataView(record.buffer);
  view.setUint32(8, record.length);
  view.setUint32(12, crc32(record.subarray(16)));
  return record;
}
