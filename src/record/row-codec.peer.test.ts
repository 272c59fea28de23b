import { Decoder, Encoder } from "cbor-x";
import fc from "fast-check";
import { expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { equalValues } from "./equal-values.ts";
import { isList, isPlainObject } from "./type-rank.ts";
import { decodeValue } from "./row-decoder.ts";
import { encodeValue } from "./row-encoder.ts";
import type { Value } from "./value.ts";

const peerReads = new Decoder({ useRecords: false, mapsAsObjects: true });
const peerWrites = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });

const MAX_WORD = 2 ** 32;
const FIRST_DAY_MS = 86_400_000;
const MAX_LONG = 2n ** 64n;

/** The peer reads an integer beyond 32 bits as a bigint, and is off by a millisecond far from 1970. */
function asPeerReads(value: Value): Value {
  if (typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0)) {
    return value >= MAX_WORD || value < -MAX_WORD ? BigInt(value) : value;
  }
  if (value instanceof Date) return new Date(Math.round((value.getTime() / 1_000) * 1_000));
  if (isList(value)) return value.map(asPeerReads);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asPeerReads(item)]));
}

/** The peer renames `__proto__`. */
function holdsProto(value: Value): boolean {
  if (isList(value)) return value.some(holdsProto);
  if (!isPlainObject(value)) return false;
  return Object.keys(value).includes("__proto__") || Object.values(value).some(holdsProto);
}

/** Only -0, large integers, small bigints and whole seconds of 1970's first day does the peer write in a form that rows don't have. */
function isWrittenAlike(value: Value): boolean {
  if (typeof value === "number")
    return !Object.is(value, -0) && (!Number.isSafeInteger(value) || Math.abs(value) < MAX_WORD);
  if (typeof value === "bigint") return value >= MAX_LONG || value < -MAX_LONG;
  if (value instanceof Date)
    return value.getTime() % 1_000 !== 0 || Math.abs(value.getTime()) >= FIRST_DAY_MS;
  if (isList(value)) return value.every(isWrittenAlike);
  return !isPlainObject(value) || Object.values(value).every(isWrittenAlike);
}

const withoutProto = arbitrary.value.filter((value) => !holdsProto(value));

test("R23 the peer reads what is written here", () => {
  fc.assert(
    fc.property(withoutProto, (value) => {
      const read: Value = peerReads.decode(encodeValue(value));
      expect(equalValues(read, asPeerReads(value))).toBe(true);
    }),
    runs(1_000),
  );
});

test("R23 what the peer writes is read here", () => {
  const alike = withoutProto.filter(isWrittenAlike);
  fc.assert(
    fc.property(alike, (value) => {
      expect(equalValues(decodeValue(peerWrites.encode(value)), value)).toBe(true);
    }),
    runs(1_000),
  );
});
