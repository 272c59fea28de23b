import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Lens, memory, seedFromMaster } from "vantage-diorama";
import { describe, expect, onTestFinished, test } from "vitest";

interface Tart {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly price: number;
}

const tarts: readonly Tart[] = [
  { id: "t1", name: "Apple", category: "tarts", price: 300 },
  { id: "t2", name: "Cherry", category: "tarts", price: 350 },
  { id: "b1", name: "Bun", category: "buns", price: 120 },
];

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "diorama-sceneries-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe("the program of a live table", () => {
  test.for([
    ["in memory", () => Lens.builder()],
    ["on disk", () => Lens.builder().cacheAt(temporaryFolder())],
  ] as const)("D44 runs as written, %s", async ([, builder]) => {
    const lens = await builder().onStart(seedFromMaster).build();
    onTestFinished(() => lens.close());
    const dio = await lens.makeDio<Tart>(memory("products", { id: "id", rows: tarts }));
    const logged: unknown[][] = [];
    const console = { log: (...given: unknown[]) => void logged.push(given) };

    const table = await dio
      .tableScenery({ orderBy: [["price", "desc"]], where: [["category", "=", "tarts"]] })
      .open();
    const total = dio.valueScenery({ where: [["category", "=", "tarts"]] }).sum("price");
    const stop = table.subscribe(() => console.log(table.generation, table.row(0)?.row.name, total.value));
    await dio.cache.insert("t9", { id: "t9", name: "Lemon", category: "tarts", price: 999 });
    console.log(table.rowCount, table.indexOf("t9")); // the new row is first, at once
    stop();
    table.close();

    expect(logged).toEqual([
      [1, "Lemon", 1649],
      [3, 0],
    ]);
  });
});
