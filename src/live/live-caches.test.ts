import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, test } from "vitest";
import { liveCacheContract } from "../testing/index.ts";
import { FileCache, MemCache, NoCache } from "./index.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const root = mkdtempSync(join(tmpdir(), "diorama-live-"));

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("MemCache", () => {
  liveCacheContract(test, { durable: false, keeps: true, seed, open: async () => new MemCache() });
});

describe("MemCache with a bound that is not reached", () => {
  const open = async (): Promise<MemCache> => new MemCache({ maxEntries: 1_000 });
  liveCacheContract(test, { durable: false, keeps: true, seed, open });
});

describe("NoCache", () => {
  liveCacheContract(test, { durable: false, keeps: false, seed, open: async () => new NoCache() });
});

describe("FileCache", () => {
  const open = (place: string): Promise<FileCache> => FileCache.open(join(root, place));
  liveCacheContract(test, { durable: true, keeps: true, seed, open });
});
