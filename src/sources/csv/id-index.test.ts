import fc from "fast-check";
import { test } from "vitest";
import { runs } from "../../../test/properties/runs.ts";
import { hashId, IdIndex } from "./id-index.ts";

/** Adds ids to an index and to a Map, and compares what they say. */
function compare(ids: Iterable<string>): void {
  const index = new IdIndex();
  const map = new Map<string, number>();
  let line = 1;
  for (const id of ids) {
    line++;
    const first = index.add(id, line);
    if (first !== (map.get(id) ?? 0)) throw new Error(`${id}: ${first}, not ${map.get(id) ?? 0}`);
    if (!map.has(id)) map.set(id, line);
  }
}

test("CSV9 the index of ids says what a Map would", () => {
  const id = fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 5 }),
    fc.constantFrom("a", "b", "ab", "ba"),
  );
  fc.assert(
    fc.property(fc.array(id, { maxLength: 100 }), (ids) => compare(ids)),
    runs(50),
  );
  compare(Array.from({ length: 100_000 }, (_, index) => String((index * 7_919) % 80_021)));
  compare(Array.from({ length: 3_000 }, (_, index) => "long ".repeat(200) + (index % 2_000)));
});

/** Ids that one shard keeps in one place, for as long as it is small. */
function crowdingIds(count: number): string[] {
  const ids: string[] = [];
  for (let number = 0; ids.length < count; number++) {
    const hash = hashId(String(number));
    if (hash >>> 26 === 7 && (hash & 0xff) === 42) ids.push(String(number));
  }
  return ids;
}

test("CSV9 ids that crowd each other are found all the same", () => {
  const ids = crowdingIds(400);
  compare([...ids, ...ids]);
  compare([...ids.slice(0, 200), ...Array.from({ length: 50_000 }, (_, index) => `p${index}`), ...ids]);
});
