import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder } from "./make-folder.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-make-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test("C22 a folder is made with those above it, as one is that is there already", () => {
  const deep = join(root, "a", "b", "c");
  makeFolder(deep, 0o700);
  makeFolder(deep, 0o700);
  expect([deep, join(root, "a", "b"), join(root, "a")].map(modeOf)).toEqual([0o700, 0o700, 0o700]);
  symlinkSync(join(root, "a"), join(root, "link"));
  makeFolder(join(root, "link", "d"), 0o700);
  expect(modeOf(join(root, "a", "d"))).toBe(0o700);
});

test("C22 one that can't be made is told with what stands in the way, and nothing is left", () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  symlinkSync(join(root, "nowhere"), join(root, "dangling"));
  for (const path of [
    file,
    join(file, "below", "it"),
    join(root, "dangling"),
    join(root, "dangling", "below"),
  ]) {
    expect(() => makeFolder(path, 0o700)).toThrowError(
      join(root, path.startsWith(file) ? "file" : "dangling"),
    );
  }
  expect(statSync(file).isFile()).toBe(true);
});
