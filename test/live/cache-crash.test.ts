import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type CrashReport, createCrashHarness } from "vantage-diorama/testing/node";
import { FileCache } from "../../src/live/index.ts";
import { deriveSeed } from "../../src/testing/index.ts";
import { type Change, cacheKeys, changed, type Content, entryOf, subKeys } from "./changes.ts";

const KILLS = Math.ceil(4 * Number(process.env["DIORAMA_RUNS"] ?? 1));
const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 20));
const folder = mkdtempSync(join(tmpdir(), "live-crash-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = new URL("./cache-writer.ts", import.meta.url);

/** What one key held for certain, and what it may hold since: its last change was begun and not acknowledged. */
interface Known {
  readonly content: Content;
  readonly begun: Change | undefined;
}

/** What was acknowledged and begun, key by key. */
function follow(before: ReadonlyMap<string, Content>, reports: readonly CrashReport[]): Map<string, Known> {
  const known = new Map<string, Known>();
  for (const key of cacheKeys) known.set(key, { content: before.get(key) ?? new Map(), begun: undefined });
  for (const { is, data } of reports) {
    // As the writer reports it.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const { cacheKey, change } = (data ?? {}) as { cacheKey: string; change: Change };
    const { content, begun } = known.get(cacheKey) ?? { content: new Map(), begun: undefined };
    if (is === "begun") known.set(cacheKey, { content, begun: change });
    if (is === "done" && begun !== undefined) {
      known.set(cacheKey, { content: changed(content, begun), begun: undefined });
    }
  }
  return known;
}

async function read(cache: FileCache, cacheKey: string): Promise<Content> {
  const found = new Map<string, number>();
  const keys = subKeys.map((subKey) => `${cacheKey}/${subKey}`);
  const entries = await Promise.all(keys.map((key) => cache.get(key)));
  for (const [index, key] of keys.entries()) {
    const rows = entries[index];
    if (rows === undefined) continue;
    expect(rows).toEqual(entryOf(rows.fetchedAt));
    found.set(key, rows.fetchedAt);
  }
  return found;
}

const sorted = (content: Content): readonly unknown[] =>
  [...content].toSorted(([a], [b]) => (a < b ? -1 : 1));

test(
  `LT46 what was acknowledged is there after ${KILLS} kills, and what was begun is there whole or not at all (DIORAMA_SEED=${seed})`,
  async () => {
    const harness = createCrashHarness({ script, args: [folder], seed });
    let before = new Map<string, Content>();
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const { reports, end } = await harness.run({
        args: [String(deriveSeed(seed, kill) % 1_000_000)],
        kill: { withinMs: [0, 250], since: "open" },
      });
      expect(end).toBe("killed");
      acknowledged += reports.filter(({ is }) => is === "done").length;
      const told: string[] = [];
      const cache = await FileCache.open(folder, { onDamage: ({ message }) => told.push(message) });
      const after = new Map<string, Content>();
      for (const [cacheKey, { content, begun }] of follow(before, reports)) {
        const found = await read(cache, cacheKey);
        const possible = begun === undefined ? [content] : [content, changed(content, begun)];
        expect(possible.map(sorted)).toContainEqual(sorted(found));
        after.set(cacheKey, found);
      }
      before = after;
      expect(told).toEqual([]);
      await cache.close();
    }
    await harness.close();
    expect(acknowledged).toBeGreaterThan(0);
  },
  60_000 + KILLS * 5_000,
);
