import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { isDioramaError } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { memory } from "./memory.ts";

const ids = ["a", "b", "c", "d"];
const columns = { n: "json", t: "text" } as const;
const values = fc.record(
  { n: fc.constantFrom(0, -0, 1, 1n, Number.NaN, null, true), t: fc.constantFrom("x", "y", null) },
  { requiredKeys: [] },
);

type Command =
  | { readonly kind: "insert" | "replace" | "patch" | "set"; readonly id: string; readonly row: Row }
  | { readonly kind: "delete" | "remove"; readonly id: string }
  | { readonly kind: "deleteAll"; readonly t: string };

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("insert", "replace", "patch", "set"),
    id: fc.constantFrom(...ids),
    row: values as fc.Arbitrary<Row>,
  }),
  fc.record({ kind: fc.constantFrom("delete", "remove"), id: fc.constantFrom(...ids) }),
  fc.record({ kind: fc.constant("deleteAll" as const), t: fc.constantFrom("x", "y") }),
);

/** The rows after a command, and the code of its refusal. */
function applied(rows: Map<string, Row>, command: Command): string {
  const { kind } = command;
  if (kind === "deleteAll") {
    for (const [id, row] of rows) if (row["t"] === command.t) rows.delete(id);
    return "done";
  }
  const { id } = command;
  const isThere = rows.has(id);
  if (kind === "insert" && isThere) return "conflict";
  if ((kind === "patch" || kind === "delete") && !isThere) return "notFound";
  if (!("row" in command)) rows.delete(id);
  else rows.set(id, kind === "patch" ? { ...rows.get(id), ...command.row } : { id, ...command.row });
  return "done";
}

async function run(source: ReturnType<typeof memory<Row>>, command: Command): Promise<string> {
  try {
    if (command.kind === "deleteAll") await source.where("t", command.t).deleteAll();
    else if (command.kind === "remove") source.source.remove(command.id);
    else if (!("row" in command)) await source.delete(command.id);
    else if (command.kind === "set") source.source.set(command.id, command.row);
    else await source[command.kind](command.id, command.row);
    return "done";
  } catch (error) {
    return isDioramaError(error) ? error.code : String(error);
  }
}

test("V26 whatever is written, it equals a map, and its changes replayed give the same rows", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
      const products = memory<Row>("products", { id: "id", columns });
      const model = new Map<string, Row>();
      const replayed = new Map<string, Row>();
      const control = new AbortController();
      const changes = products.source.watch({ signal: control.signal });
      let next = changes.next();
      let version = await products.version();
      for (const command of commands) {
        expect(await run(products, command)).toBe(applied(model, command));
        expect(new Map(products.source.rows)).toEqual(model);
        const isSame = version === (await products.version());
        version = await products.version();
        const told = await Promise.race([next, Promise.resolve(undefined)]);
        expect(told === undefined).toBe(isSame);
        for (let step = told; step !== undefined && step.done !== true;) {
          const event = step.value;
          if (event.type === "deleted") replayed.delete(event.id);
          else if (event.type !== "invalidated" && event.row !== undefined) replayed.set(event.id, event.row);
          next = changes.next();
          step = await Promise.race([next, Promise.resolve(undefined)]);
        }
        expect(replayed).toEqual(model);
      }
      control.abort();
    }),
    runs(200),
  );
});
