import { type DioramaError, unreachable } from "../base/index.ts";
import type { LiveStep } from "../live/index.ts";
import { ageText, tookText } from "./time-text.ts";

type Facts = readonly (readonly [name: string, value: string | number | undefined])[];

/** A step of a LiveTable as a line that a person reads and `grep` finds: `hit key=products/page_1 page=1 …`. */
export function stepText(step: LiveStep): string {
  const facts = factsOf(step).flatMap(([name, value]) => (value === undefined ? [] : [` ${name}=${value}`]));
  return `${wordOf(step)}${facts.join("")}`;
}

/** The same as data; of an error its code and its message. */
export function stepJson(step: LiveStep): string {
  const plain =
    "error" in step ? { ...step, error: { code: step.error.code, message: step.error.message } } : step;
  return JSON.stringify({ step: plain });
}

function wordOf({ kind }: LiveStep): string {
  switch (kind) {
    case "fetchFailed":
      return "fetched";
    case "cacheFailed":
      return "cache";
    case "writeQueued":
    case "writeConfirmed":
    case "writeFailed":
      return "queue";
    case "eventReceived":
      return "event";
    case "streamLost":
      return "stream";
    default:
      return kind;
  }
}

function factsOf(step: LiveStep): Facts {
  switch (step.kind) {
    case "hit":
      return [...placeOf(step), ["age", ageText(step.ageMs)], ["outcome", step.isStale ? "stale" : "fresh"]];
    case "miss":
      return placeOf(step);
    case "fetched":
      return [
        ...placeOf(step),
        ["rows", step.rowCount],
        ["took", tookText(step.tookMs).replace(" ", "")],
        ["outcome", step.isKept ? "kept" : "outdated"],
      ];
    case "fetchFailed":
    case "cacheFailed":
      return [...placeOf(step), ...failed(step.error)];
    case "writeQueued":
      return [...opOf(step), ["outcome", "queued"]];
    case "writeConfirmed":
      return [...opOf(step), ["outcome", "confirmed"]];
    case "writeFailed":
      return [...opOf(step), ...failed(step.error)];
    case "invalidated":
      return [
        ["keys", step.prefixes.join(",")],
        ["cause", step.cause],
      ];
    case "eventReceived":
      return [
        ["type", step.event.type],
        ["id", "id" in step.event ? JSON.stringify(step.event.id) : undefined],
      ];
    case "streamLost":
      return failed(step.error);
    default:
      return unreachable(step);
  }
}

const placeOf = ({
  key,
  page,
  id,
}: {
  key: string;
  page?: number | undefined;
  id?: string | undefined;
}): Facts => [
  ["key", key],
  ["page", page],
  ["id", id === undefined ? undefined : JSON.stringify(id)],
];

const opOf = ({ op, id, opId }: { op: string; id: string | undefined; opId: string }): Facts => [
  ["op", op],
  ["id", id === undefined ? undefined : JSON.stringify(id)],
  ["opId", opId],
];

const failed = ({ code }: DioramaError): Facts => [
  ["outcome", "failed"],
  ["error", code],
];
