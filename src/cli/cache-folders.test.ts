import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openCliFolder, RecordingTerminal } from "../../test/cli/recording-terminal.ts";
import { isDioramaError } from "../base/index.ts";
import {
  cacheRootOf,
  findCacheFolders,
  listCacheFolders,
  openCacheFolder,
  removeCacheFolder,
  type SourceIdentity,
} from "./cache-folders.ts";
import { Frame } from "./frame.ts";

const folder = openCliFolder();
let count = 0;
const newRoot = (): string => join(folder.path, `root-${++count}`);

const products = (more: Partial<SourceIdentity> = {}): SourceIdentity => ({
  kind: "rest",
  location: "https://api.example.com/products?key=?",
  title: "api.example.com/products",
  distinguishing: ["https://u:hunter2@api.example.com/products?key=s3cret", "{}"],
  ...more,
});

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test("CLI22 a folder for each source, private, with a manifest, and no secret in any name or file", () => {
  const root = newRoot();
  const made = openCacheFolder(root, products(), Date.UTC(2026, 4, 31));
  expect(made.name).toMatch(/^api-example-com-products-[0-9a-f]{12}$/);
  expect([modeOf(root), modeOf(made.path), modeOf(join(made.path, "source.json"))]).toEqual([
    "700",
    "700",
    "600",
  ]);
  expect(made.manifest).toEqual({
    kind: "rest",
    location: "https://api.example.com/products?key=?",
    created: "2026-05-31T00:00:00.000Z",
  });
  const everything = [
    made.name,
    readFileSync(join(made.path, "source.json"), "utf8"),
    ...readdirSync(root),
  ].join();
  expect(everything).not.toMatch(/hunter2|s3cret/);
});

test("CLI22 the same source has the same folder, another header another one", () => {
  const root = newRoot();
  const first = openCacheFolder(root, products(), 0);
  expect(openCacheFolder(root, products(), 1)).toEqual(first);
  const other = openCacheFolder(root, products({ distinguishing: ["x", "{}"] }), 1);
  expect(other.name).not.toBe(first.name);
  expect(findCacheFolders(root, first.manifest?.location ?? "")).toHaveLength(2);
  expect(findCacheFolders(root, other.name)).toEqual([other]);
});

test("CLI22 the hash is keyed: another user's folder of the same source has another name", () => {
  const [one, two] = [openCacheFolder(newRoot(), products(), 0), openCacheFolder(newRoot(), products(), 0)];
  expect(one.name).not.toBe(two.name);
});

test("CLI22 a damaged key is made anew, a damaged manifest too; odd titles are made readable", () => {
  const root = newRoot();
  const first = openCacheFolder(root, products({ title: "../../etc/päss wörd 🦊" }), 0);
  expect(first.name).toMatch(/^etc-p-ss-w-rd-[0-9a-f]{12}$/);
  expect(openCacheFolder(root, products({ title: "🦊" }), 0).name).toMatch(/^source-/);
  writeFileSync(join(first.path, "source.json"), "{");
  expect(listCacheFolders(root).find(({ name }) => name === first.name)?.manifest).toBeUndefined();
  expect(openCacheFolder(root, products({ title: "../../etc/päss wörd 🦊" }), 7).manifest?.created).toBe(
    "1970-01-01T00:00:00.007Z",
  );
  writeFileSync(join(root, "folder-key"), "short");
  openCacheFolder(root, products(), 0);
  expect(readFileSync(join(root, "folder-key"))).toHaveLength(32);
});

test("CLI22 what is no source's folder isn't listed; a removed one is gone", () => {
  const root = newRoot();
  expect(listCacheFolders(root)).toEqual([]);
  const made = openCacheFolder(root, products(), 0);
  mkdirSync(join(root, "somebody-elses"));
  expect(listCacheFolders(root)).toEqual([made]);
  removeCacheFolder(made);
  expect(listCacheFolders(root)).toEqual([]);
  expect(readdirSync(root).toSorted()).toEqual(["folder-key", "somebody-elses"]);
});

test("CLI23 a folder that can't be made is invalid and says what to do", () => {
  const file = folder.write("a-file", "");
  try {
    openCacheFolder(join(file, "below"), products(), 0);
    expect.unreachable();
  } catch (error) {
    expect(isDioramaError(error, "invalid")).toBe(true);
    expect(String(error)).toContain("--cache names another one, --cache none does without");
  }
});

test("CLI22 a half-made key of a process that was killed is in nobody's way", () => {
  const root = newRoot();
  mkdirSync(root);
  writeFileSync(join(root, `folder-key.${process.pid}`), "half");
  openCacheFolder(root, products(), 0);
  expect(readdirSync(root).filter((name) => name.startsWith("folder-key"))).toEqual(["folder-key"]);
  rmSync(root, { recursive: true });
});

test("CLI22 CLI23 --cache goes before DIORAMA_CACHE, which goes before the user's own; none is none", () => {
  const at = (env: Record<string, string>, option?: string): string | undefined =>
    cacheRootOf(
      new Frame(new RecordingTerminal({ env, folder: "/somewhere" }), () => ({ json: false, quiet: false })),
      option,
    );
  expect(at({ DIORAMA_CACHE: "/env" }, "here")).toBe("/somewhere/here");
  expect(at({ DIORAMA_CACHE: "/env" })).toBe("/env");
  expect(at({ DIORAMA_CACHE: "/env" }, "none")).toBeUndefined();
  expect(at({ DIORAMA_CACHE: "none" })).toBeUndefined();
  expect(at({ DIORAMA_CACHE: "" })).toMatch(/diorama/);
});
