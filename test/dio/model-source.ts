import {
  DioramaError,
  memory,
  type MemoryVista,
  type Row,
  type Source,
  type WriteRequest,
} from "vantage-diorama";
import type { Fate } from "../../src/testing/oracle-ops.ts";
import type { Setting } from "./model-commands.ts";

const WRITES: readonly string[] = ["insert", "replace", "patch", "delete", "deleteAll"];

/** What the backend answers its next writes and reads with, and what it has done. */
export interface Faults {
  writes: Fate[];
  read: boolean;
  /** The ids of writes that it has done. */
  taken: Set<string>;
}

export const withId = (key: string, row: object): Row => ({ id: key, ...row });

export function toRequest(given: WriteRequest): WriteRequest {
  return given.kind === "insert" || given.kind === "replace"
    ? { ...given, row: withId(given.id, given.row) }
    : given;
}

export function createBackend(
  name: string,
  { rows, capabilities }: Pick<Setting, "rows" | "capabilities">,
): MemoryVista {
  return memory<Row>(name, {
    id: "id",
    columns: { id: "text", category: "text", price: "number" },
    rows: new Map(rows.map(([key, row]) => [key, withId(key, row)])),
    capabilities,
  });
}

/** The backend's own rows and methods, with the next calls failing as told; a dead process reaches nothing. */
export function withFaults(source: Source<Row>, faults: Faults, isAlive: () => boolean): Source<Row> {
  return new Proxy(source, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...given: readonly unknown[]): unknown => {
        if (name === "read" && faults.read) {
          faults.read = false;
          throw new DioramaError("unavailable", "made up");
        }
        const call = (): unknown => Reflect.apply(value, target, given);
        return WRITES.includes(String(name)) ? write(call, given, faults, isAlive) : call();
      };
    },
  });
}

async function write(
  call: () => unknown,
  given: readonly unknown[],
  faults: Faults,
  isAlive: () => boolean,
): Promise<unknown> {
  if (!isAlive()) return new Promise<never>(() => undefined);
  const fate = faults.writes.shift();
  if (fate !== undefined) throw new DioramaError(fate === "down" ? "unavailable" : "rejected", "made up");
  const answer = await call();
  const options = given.at(-1);
  if (typeof options === "object" && options !== null && "opId" in options)
    faults.taken.add(String(options.opId));
  return answer;
}
