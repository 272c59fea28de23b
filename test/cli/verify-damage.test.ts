import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blankMeta, type StoredRow } from "../../src/cache/index.ts";
import { FolderLook, openDurable } from "../../src/durable/index.ts";
import type { QueuedOp } from "../../src/queue/index.ts";
import { createRandom, deriveSeed } from "../../src/testing/index.ts";
import { damageFile } from "../../src/testing/node/index.ts";

const cases = Number(process.env["DIORAMA_CASES"] ?? 25);
const seed = Number(process.env["DIORAMA_SEED"] ?? Date.now() % 1_000_000);
const root = mkdtempSync(join(tmpdir(), "diorama-verify-"));
const sound = join(root, "sound");
afterAll(() => rmSync(root, { recursive: true, force: true }));

const rows: readonly StoredRow[] = Array.from({ length: 300 }, (_, at) => ({
  id: `row ${at}`,
  row: { id: `row ${at}`, text: "x".repeat(at % 90), n: at },
  fetchedAt: at,
}));
const ops: readonly QueuedOp[] = Array.from({ length: 40 }, (_, at) => ({
  sequence: at + 1,
  op: { opId: `op ${at}`, enqueuedAt: at, attempt: 1, kind: "insert", id: `new ${at}`, row: { n: at } },
  state: at % 7 === 0 ? "failed" : "queued",
  nextAttemptAt: 0,
  outcomeUnknown: false,
}));

beforeAll(async () => {
  const stores = await openDurable(sound);
  const table = await stores.cache.openTable("things");
  await table.apply({ puts: rows, meta: { ...blankMeta, complete: true } });
  const queue = await stores.queues.openQueue("things");
  await queue.apply({ puts: ops });
  await stores.close();
});

/** Every file but those of the lock, byte for byte. */
const bytesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !/^(?:lock|holder)/.test(name))
      .map((name) => [name, readFileSync(join(folder, name), "latin1")]),
  );

function found(folder: string): readonly string[] {
  const look = FolderLook.open(folder);
  try {
    return [...look.check()].flatMap((step) =>
      step.kind === "damage" ? [`${step.damage.file}, ${step.damage.position}: ${step.damage.reason}`] : [],
    );
  } finally {
    look.close();
  }
}

/** What an application finds that opens the folder next. */
async function opened(folder: string): Promise<unknown> {
  const stores = await openDurable(folder);
  try {
    const table = await stores.cache.openTable("things");
    const stored: StoredRow[] = [];
    for await (const batch of table.scan(100)) stored.push(...batch);
    const queue = await stores.queues.openQueue("things");
    return { stored, complete: table.meta.complete, kept: queue.kept, lost: [table.lost, queue.lost] };
  } finally {
    await stores.close();
  }
}

const title = `CLI55 CLI56 ${cases} damaged folders: what is found sound is what was stored, and looking changes no byte (DIORAMA_SEED=${seed})`;
test(title, { timeout: 30_000 + cases * 1_000 }, async () => {
  expect(found(sound)).toEqual([]);
  let damaged = 0;
  for (let at = 0; at < cases; at++) {
    const random = createRandom(deriveSeed(seed, at));
    const folder = join(root, `case-${at}`);
    cpSync(sound, folder, { recursive: true });
    const name = random.pick(["cache.db", "queue.db"]);
    const { what, bytes } = damageFile(readFileSync(join(folder, name)), random, {
      pageBytes: name === "cache.db" ? 8_192 : 4_096,
    });
    writeFileSync(join(folder, name), bytes);
    const before = bytesOf(folder);
    const context = `seed ${seed}, case ${at}: ${name}, ${what}`;
    const damage = found(folder);
    expect(bytesOf(folder), context).toEqual(before);
    if (damage.length > 0) damaged++;
    else
      expect(await opened(folder), context).toEqual({
        stored: rows,
        complete: true,
        kept: ops,
        lost: [undefined, []],
      });
    rmSync(folder, { recursive: true });
  }
  expect(damaged).toBeGreaterThan(cases / 2);
});
