import { type ErrorPlace, errorAt } from "../base/index.ts";
import { setOwn } from "./plain-object.ts";
import type { Row, Value } from "./value.ts";

/** Deeper nesting is refused, here and in the codec, so that no value can exhaust the stack. */
export const MAX_DEPTH = 256;

const NOWHERE: ErrorPlace = Object.freeze({});

/**
 * The input as a row of ours: checked throughout and copied, so that nobody else holds what it is made of.
 * `undefined` is dropped; symbol keys and non-enumerable properties are no data. `invalid` names the column.
 */
export function toRow(input: object, place: ErrorPlace = NOWHERE): Row {
  if (!isPlain(input))
    throw errorAt("invalid", place, `a row is a plain object of columns, not ${named(input)}`);
  return copyObject(input, { place, path: "", ancestors: [] });
}

/** The input as a value of ours, checked and copied as `toRow` does. */
export function toValue(input: unknown, place: ErrorPlace = NOWHERE): Value {
  return copyValue(input, { place, path: "", ancestors: [] });
}

/** Where a copy is at: for messages, and to find a value that contains itself. */
interface Position {
  readonly place: ErrorPlace;
  readonly path: string;
  readonly ancestors: readonly object[];
}

function copyObject(input: object, at: Position): Row {
  // A spread clones by hidden class and makes `__proto__` an own property as it was one before.
  const copy: Record<string, unknown> = { ...input };
  const keys = Object.keys(copy);
  let absent = 0;
  for (const key of keys) {
    const value = copy[key];
    switch (typeof value) {
      case "string":
        if (!value.isWellFormed()) throw refuse(below(at, key, input), LONE_SURROGATE);
        break;
      case "number":
      case "boolean":
      case "bigint":
        break;
      case "undefined":
        absent++;
        break;
      default:
        if (value !== null) copy[key] = copyValue(value, below(at, key, input));
    }
    if (!key.isWellFormed()) throw refuse(below(at, key, input), `the name is not well-formed text`);
  }
  // Every own value was checked or replaced just above; the compiler can't follow that.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (absent === 0 ? copy : withoutAbsent(copy, keys)) as Row;
}

function withoutAbsent(copy: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key of keys) {
    if (copy[key] !== undefined) setOwn(kept, key, copy[key]);
  }
  return kept;
}

const LONE_SURROGATE = "the text holds half of a surrogate pair; such text has no UTF-8 form";

function copyValue(input: unknown, at: Position): Value {
  switch (typeof input) {
    case "string":
      if (!input.isWellFormed()) throw refuse(at, LONE_SURROGATE);
      return input;
    case "number":
    case "bigint":
    case "boolean":
      return input;
    case "object":
      return input === null ? null : copyContainer(input, at);
    default:
      throw refuse(at, `${named(input)} can't be kept as a value`);
  }
}

function copyContainer(input: object, at: Position): Value {
  if (Array.isArray(input)) return copyList(input, at);
  if (input instanceof Date) {
    const time = input.getTime();
    if (Number.isNaN(time)) throw refuse(at, "the date is invalid");
    return new Date(time);
  }
  if (input instanceof Uint8Array) return new Uint8Array(input);
  if (!isPlain(input)) throw refuse(at, `${named(input)} can't be kept as a value; give plain data`);
  checkNesting(input, at);
  return copyObject(input, at);
}

function copyList(input: readonly unknown[], at: Position): Value {
  checkNesting(input, at);
  const copy: Value[] = [];
  for (let index = 0; index < input.length; index++) {
    const value = input[index];
    if (value === undefined)
      throw refuse(below(at, index, input), "a list has no place for undefined or a hole");
    copy.push(
      typeof value === "object" && value !== null
        ? copyValue(value, below(at, index, input))
        : copyValue(value, at),
    );
  }
  return copy;
}

function checkNesting(input: object, at: Position): void {
  if (at.ancestors.includes(input)) throw refuse(at, "the value contains itself");
  if (at.ancestors.length >= MAX_DEPTH)
    throw refuse(at, `the value is nested deeper than ${MAX_DEPTH} levels`);
}

function below(at: Position, key: string | number, parent: object): Position {
  const step = typeof key === "number" ? `[${key}]` : at.path === "" ? key : `.${key}`;
  return { place: at.place, path: at.path + step, ancestors: [...at.ancestors, parent] };
}

function refuse(at: Position, message: string): Error {
  const path = at.path.toWellFormed();
  const column =
    at.place.column === undefined || path === "" ? path || at.place.column : `${at.place.column}.${path}`;
  return errorAt("invalid", { ...at.place, column }, message);
}

/** Made by a literal or a parser: no class of its own, of whatever realm. */
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
