import { type ErrorPlace, errorAt } from "../base/index.ts";
import { createIndexedObject, isFarIndex, setOwn } from "./plain-object.ts";
import type { Row, Value } from "./value.ts";

/** Deeper nesting is refused, here and in the codec, so that no value can exhaust the stack. */
export const MAX_DEPTH = 256;

const NOWHERE: ErrorPlace = Object.freeze({});
const LONE_SURROGATE = "the text holds half of a surrogate pair, so it has no UTF-8 form";

/**
 * The input as a row of ours: checked throughout and copied, so that nobody else holds what it is made of.
 * `undefined` is dropped; symbol keys and non-enumerable properties are no data. `invalid` names the column.
 */
export function toRow(input: object, place: ErrorPlace = NOWHERE): Row {
  if (!isPlain(input))
    throw errorAt("invalid", place, `a row is a plain object of columns, not ${named(input)}`);
  return copyObject(input, { place, key: "", parent: undefined, container: input, depth: 0 });
}

/** The input as a value of ours, checked and copied as `toRow` does. */
export function toValue(input: unknown, place: ErrorPlace = NOWHERE): Value {
  if (typeof input !== "object" || input === null) return copyScalar(input, { place, key: "" });
  return copyContainer(input, { place, key: "", parent: undefined, container: input, depth: 0 });
}

/** Where a value stands: in a container, under a key or at a place of a list. */
interface Spot {
  readonly place: ErrorPlace;
  readonly key: string | number;
  readonly parent?: Level | undefined;
}

/** A container on the way down. */
interface Level extends Spot {
  readonly container: object;
  readonly depth: number;
}

/** The column names of a row before, none of them a far index: mostly the same again, which need no second look. */
let checkedKeys: readonly string[] = [];

function copyObject(input: object, level: Level): Row {
  // A spread clones by hidden class, and what was an own `__proto__` stays one.
  const copy: Record<string, unknown> = { ...input };
  let count = 0;
  let absent = 0;
  // Walked where they are: a list of the keys and one of the values would be as large as the copy.
  for (const key in copy) {
    // Nor does a key of the prototype, behind the own ones, get past this.
    if (key !== checkedKeys[count]) return copyWithNewKeys(copy, level);
    count++;
    if (isAbsentOnceCopied(copy, key, level)) absent++;
  }
  return absent > 0 ? copyInto({}, copy, level) : toCheckedRow(copy);
}

function copyWithNewKeys(copy: Record<string, unknown>, level: Level): Row {
  const keys = Object.keys(copy);
  checkKeys(keys, level);
  if (hasFarIndex(keys)) return copyInto(createIndexedObject(), copy, level);
  checkedKeys = keys;
  let absent = 0;
  for (const key of keys) if (isAbsentOnceCopied(copy, key, level)) absent++;
  return absent > 0 ? copyInto({}, copy, level) : toCheckedRow(copy);
}

/** Checks one value and replaces it where it is more than a scalar. */
function isAbsentOnceCopied(copy: Record<string, unknown>, key: string, level: Level): boolean {
  const value = copy[key];
  switch (typeof value) {
    case "number":
    case "boolean":
      return false;
    case "undefined":
      return true;
    case "object":
      if (value !== null) copy[key] = copyInner(value, key, level);
      return false;
    default:
      // Own properties all, `__proto__` too: assigning keeps them where they are.
      if (typeof value !== "string" || !value.isWellFormed()) copyScalar(value, spot(key, level));
      return false;
  }
}

/** Every value was checked or replaced; the compiler can't follow that. */
function toCheckedRow(copy: Record<string, unknown>): Row {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return copy as Row;
}

function checkKeys(keys: readonly string[], level: Level): void {
  for (const key of keys) {
    if (!key.isWellFormed()) throw refuse(spot(key, level), "the name holds half of a surrogate pair");
  }
}

/** Keys that are list indexes stand in front of all others. */
function hasFarIndex(keys: readonly string[]): boolean {
  const first = keys[0]?.charCodeAt(0) ?? 0;
  return first >= 0x30 && first <= 0x39 && keys.some(isFarIndex);
}

/** The slow way, for objects that a clone doesn't suit. */
function copyInto(target: Record<string, unknown>, input: Record<string, unknown>, level: Level): Row {
  for (const key of Object.keys(input)) {
    const value = input[key];
    if (value === undefined) continue;
    setOwn(
      target,
      key,
      typeof value === "object" && value !== null
        ? copyInner(value, key, level)
        : copyScalar(value, spot(key, level)),
    );
  }
  // Nothing but values was set.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return target as Row;
}

function copyScalar(input: unknown, at: Spot): Value {
  switch (typeof input) {
    case "string":
      if (!input.isWellFormed()) throw refuse(at, LONE_SURROGATE);
      return input;
    case "number":
    case "bigint":
    case "boolean":
      return input;
    default:
      if (input === null) return null;
      throw refuse(at, `${named(input)} can't be kept as a value`);
  }
}

function copyInner(input: object, key: string | number, parent: Level): Value {
  if (input instanceof Date && !Number.isNaN(input.getTime())) return new Date(input);
  const level = { place: parent.place, key, parent, container: input, depth: parent.depth + 1 };
  return copyContainer(input, level);
}

function copyContainer(input: object, level: Level): Value {
  if (input instanceof Date) {
    if (Number.isNaN(input.getTime())) throw refuse(level, "the date is invalid");
    return new Date(input);
  }
  if (input instanceof Uint8Array) return new Uint8Array(input);
  checkNesting(level);
  if (Array.isArray(input)) return copyList(input, level);
  if (!isPlain(input)) throw refuse(level, `${named(input)} can't be kept as a value; give plain data`);
  return copyObject(input, level);
}

function copyList(input: readonly unknown[], level: Level): Value {
  const copy: Value[] = [];
  for (let index = 0; index < input.length; index++) {
    const value = input[index];
    if (value === undefined) throw refuse(spot(index, level), "a list has no place for undefined or a hole");
    if (typeof value === "object" && value !== null) copy.push(copyInner(value, index, level));
    else if (typeof value === "number") copy.push(value);
    else copy.push(copyScalar(value, spot(index, level)));
  }
  return copy;
}

function checkNesting(level: Level): void {
  if (level.depth >= MAX_DEPTH) throw refuse(level, `the value is nested deeper than ${MAX_DEPTH} levels`);
  for (let above = level.parent; above !== undefined; above = above.parent) {
    if (above.container === level.container) throw refuse(level, "the value contains itself");
  }
}

function spot(key: string | number, parent: Level): Spot {
  return { place: parent.place, key, parent };
}

function refuse(at: Spot, message: string): Error {
  const column = `${at.place.column ?? ""}${pathTo(at)}`.replace(/^\./, "");
  return errorAt(
    "invalid",
    column === "" ? at.place : { ...at.place, column: column.toWellFormed() },
    message,
  );
}

/** `.address.lines[2]`; empty for the value itself. */
function pathTo(at: Spot): string {
  if (at.parent === undefined) return "";
  return `${pathTo(at.parent)}${typeof at.key === "number" ? `[${at.key}]` : `.${at.key}`}`;
}

/** Made by a literal or a parser, of whatever realm: there is no class behind it. */
function isPlain(input: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(input);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && !Array.isArray(input);
}

function named(input: unknown): string {
  if (typeof input !== "object" || input === null) return `a ${typeof input}`;
  if (Array.isArray(input)) return "a list";
  const name: unknown = input.constructor?.name;
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "a class instance";
}
