import { describe, expect, test } from "vitest";
import { mostExceptions, sizeExceptions } from "./exceptions.ts";
import { isTest, projectFiles, read, sourceFiles, testFiles } from "./project.ts";
import { codeLines } from "./source-text.ts";

const MOST_LINES = 400;
const MOST_LINES_OF_A_COORDINATOR = 250;
const MOST_LINES_OF_AN_INDEX = 40;
const MOST_LINES_OF_A_TEST = 600;
const MOST_MEDIAN_LINES = 100;

/** They wire, they don't compute. */
const coordinators = ["src/dio/dio.ts", "src/lens/lens.ts", "src/scenery/table-scenery.ts"];

const bannedNames = ["utils", "helpers", "common", "types", "misc", "manager", "impl", "core"];

function limitOf(path: string): number {
  if (isTest(path)) return MOST_LINES_OF_A_TEST;
  if (path.endsWith("/index.ts")) return MOST_LINES_OF_AN_INDEX;
  return coordinators.includes(path) ? MOST_LINES_OF_A_COORDINATOR : MOST_LINES;
}

const linesOf = (path: string): number => codeLines(read(path));

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

const measured = (): string[] => [
  ...new Set([
    ...sourceFiles(),
    ...testFiles(),
    ...projectFiles("test/").filter((path) => path.endsWith(".ts")),
  ]),
];

describe("sizes", () => {
  test("no file is longer than its kind may be, but for the listed ones", () => {
    const excepted = new Set(sizeExceptions.map(({ file }) => file));
    const long = measured().filter((path) => linesOf(path) > limitOf(path) && !excepted.has(path));
    expect(long.map((path) => `${path}: ${linesOf(path)} lines of ${limitOf(path)}`)).toEqual([]);
  });

  test("an exception is dated, still needed, as small as it is now, and the list only shrinks", () => {
    expect(sizeExceptions.length).toBeLessThanOrEqual(mostExceptions);
    for (const { file, lines, since, why } of sizeExceptions) {
      expect([file, linesOf(file)]).toEqual([file, lines]);
      expect(lines).toBeGreaterThan(limitOf(file));
      expect(since).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(why).not.toBe("");
    }
  });

  test("half of the files of src/ are short", () => {
    expect(median(sourceFiles().map(linesOf))).toBeLessThanOrEqual(MOST_MEDIAN_LINES);
  });

  test("the coordinators are there", () => {
    expect(coordinators.filter((path) => !sourceFiles().includes(path))).toEqual([]);
  });
});

describe("names", () => {
  const ours = (): string[] =>
    projectFiles().filter((path) => /^(?:src|test|bench|examples|scripts|docs)\//.test(path));

  test("files and folders are kebab-case, but for the names that readers look for", () => {
    const pages = ["README.md", "RESULTS.md"];
    const named = ours().filter((path) => !pages.includes(path.split("/").at(-1) ?? ""));
    const odd = named.filter(
      (path) => !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(path),
    );
    expect(odd).toEqual([]);
  });

  test("no file or folder has a name that says nothing", () => {
    const vague = ours().filter((path) => path.split(/[/.]/).some((part) => bannedNames.includes(part)));
    expect(vague).toEqual([]);
  });

  test("nothing is re-exported wholesale", () => {
    expect(sourceFiles().filter((path) => /export\s+\*/.test(read(path)))).toEqual([]);
  });
});
