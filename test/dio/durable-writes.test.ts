import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Dio, DioramaError, Lens, memory, type MemoryVista, seedFromMaster } from "vantage-diorama";
import { expect, onTestFinished, test } from "vitest";
import { pastries, type Product } from "./setup.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "diorama-writes-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Session {
  readonly dio: Dio<Product>;
  /** What the destination was handed, as `opId kind attempt`. */
  readonly sent: string[];
  close(): Promise<void>;
}

interface SessionOptions {
  readonly folder: string;
  readonly master: MemoryVista<Product>;
  /** What the destination does; without it, the master's row is patched. */
  readonly isDown?: boolean;
  readonly refuses?: boolean;
}

async function open({ folder, master, isDown, refuses }: SessionOptions): Promise<Session> {
  const sent: string[] = [];
  const lens = await Lens.builder()
    .cacheAt(folder)
    .onStart(seedFromMaster)
    .onWrite(async (_dio, op) => {
      sent.push(`${op.opId} ${op.kind} ${op.attempt}`);
      if (isDown === true) throw new DioramaError("unavailable", "the line is down");
      if (refuses === true) throw new DioramaError("rejected", "not this one");
      if (op.kind === "patch") await master.patch(op.id, op.partial as Partial<Product>);
    })
    .build();
  const dio = await lens.makeDio(master);
  return { dio, sent, close: () => lens.close() };
}

const products = (): MemoryVista<Product> => memory<Product>("products", { id: "id", rows: pastries });

test("W29 W31 what a folder's queue kept shows at once at the next start, and is sent under the same opId", async () => {
  const [folder, master] = [temporaryFolder(), products()];
  const before = await open({ folder, master, isDown: true });
  const first = before.dio.submit({ kind: "patch", id: "a", partial: { price: 1 } });
  const second = before.dio.submit({ kind: "patch", id: "a", partial: { name: "Tart" } });
  await Promise.all([first.staged, second.staged]);
  expect(before.dio.diagnostics().writes).toMatchObject({ depth: 2, durability: "fsync", lost: [] });
  await before.close();
  expect((await master.get("a"))?.price).toBe(300);

  const after = await open({ folder, master });
  onTestFinished(() => after.close());
  expect(await after.dio.vista().get("a")).toMatchObject({ price: 1, name: "Tart" });
  await after.dio.flush();
  expect(after.sent.map((line) => line.split(" ")[0])).toEqual([first.opId, second.opId]);
  expect(await master.get("a")).toMatchObject({ price: 1, name: "Tart" });
});

test("W25 W27 W37 dead letters outlive the process, and are retried, edited and discarded in the next one", async () => {
  const [folder, master] = [temporaryFolder(), products()];
  const before = await open({ folder, master, refuses: true });
  for (const id of ["a", "b", "c"]) await before.dio.vista().patch(id, { price: 7 });
  await before.dio.flush();
  await before.close();

  const between = await open({ folder, master, isDown: true });
  const letters = between.dio.writes.failed();
  expect(letters.map(({ op, error }) => [op.id, error.code])).toEqual([
    ["a", "rejected"],
    ["b", "rejected"],
    ["c", "rejected"],
  ]);
  const [a = "", b = "", c = ""] = letters.map(({ op }) => op.opId);
  expect(await between.dio.writes.retry(a)).toBe(true);
  const edited = (await between.dio.writes.edit(b, { partial: { price: 8 } })) ?? "";
  expect(await between.dio.writes.discard(c)).toBe(true);
  await between.close();

  const after = await open({ folder, master });
  onTestFinished(() => after.close());
  expect(after.dio.writes.failed()).toEqual([]);
  await after.dio.flush();
  expect(after.sent.map((line) => line.split(" ")[0])).toEqual([a, edited]);
  const prices = await Promise.all(["a", "b", "c"].map(async (id) => (await master.get(id))?.price));
  expect(prices).toEqual([7, 8, 350]);
});

test("W29 W30 what was confirmed is in the cache file and not sent again", async () => {
  const [folder, master] = [temporaryFolder(), products()];
  const before = await open({ folder, master });
  await before.dio.submit({ kind: "patch", id: "a", partial: { price: 3 } }).confirmed;
  await before.close();
  const after = await open({ folder, master, isDown: true });
  onTestFinished(() => after.close());
  expect((await after.dio.cache.confirmed("a"))?.price).toBe(3);
  expect([after.sent, after.dio.writes.pending()]).toEqual([[], []]);
});

test("W29 ops of a table whose source is another one now stay queued, and are sent", async () => {
  const folder = temporaryFolder();
  const before = await open({ folder, master: products(), isDown: true });
  await before.dio.vista().patch("a", { price: 4 });
  await before.close();
  const columns = { id: "text", name: "text", price: "number", category: "text" } as const;
  const wider = memory<Product>("products", { id: "id", rows: pastries, columns });
  expect(wider.fingerprint()).not.toBe(products().fingerprint());
  const after = await open({ folder, master: wider });
  onTestFinished(() => after.close());
  await after.dio.flush();
  expect((await wider.get("a"))?.price).toBe(4);
});
