import { describe, expect, test } from "vitest";
import { isTest, projectFiles, read } from "./project.ts";
import { listImports } from "./source-text.ts";

const textFiles = (): string[] =>
  projectFiles().filter(
    (path) => /\.(?:ts|mts|js|mjs|json|md|html|css|yml|yaml|csv|txt)$/.test(path) || !path.includes("."),
  );

const textOf = (path: string): string => read(path);

const finds = (pattern: RegExp, paths: readonly string[] = textFiles()): string[] =>
  paths.flatMap((path) =>
    textOf(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

function versionsOf(path: string): [name: string, version: string][] {
  const manifest: unknown = JSON.parse(read(path));
  if (!isObject(manifest)) return [];
  return ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) => {
    const group = manifest[kind];
    return isObject(group)
      ? Object.entries(group).map(([name, version]): [string, string] => [name, String(version)])
      : [];
  });
}

/** Rules that hold everywhere, whatever the reason. */
const neverSilenced =
  /no-explicit-any|no-non-null-assertion|no-restricted|no-cycle|max-|no-floating-promises|no-misused-promises/;

/** A reason stands after ` -- `, in the comment line above or, in a test, in its title. Tests may expect type errors. */
function silencedBadly(path: string): string[] {
  const lines = read(path).split("\n");
  return lines.flatMap((line, index) => {
    const mark =
      /(?:oxlint|eslint)-disable(?<one>-next-line|-line)?(?<rest>.*)|@ts-(?<ts>[a-z-]+)(?<why>.*)/.exec(line);
    if (mark?.groups === undefined) return [];
    const { one, rest = "", ts, why = "" } = mark.groups;
    const reasonAbove = /^\s*(?:\/\/|\*) \S/.test(lines[index - 1] ?? "");
    const fine =
      ts === undefined
        ? one !== undefined &&
          !neverSilenced.test(rest) &&
          (isTest(path) || / -- \S/.test(rest) || reasonAbove)
        : ts === "expect-error" && isTest(path) && (/\S/.test(why) || reasonAbove);
    return fine ? [] : [`${path}:${index + 1}: ${line.trim()}`];
  });
}

describe("what a stranger may read", () => {
  test("no file names a registry host", () => {
    expect(finds(/\bregistry\.[a-z0-9-]+\.[a-z]{2,}|\bnpmmirror\b|"resolved":\s*"http/)).toEqual([]);
  });

  test("no file names a path of one machine", () => {
    expect(finds(/(?<![\w./-])\/(?:home|Users|root|work|mnt|srv)\/\w/)).toEqual([]);
  });

  test("the tree holds no leftover marks", () => {
    const mark = new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b|^(?:<{7}|>{7}) `);
    expect(finds(mark)).toEqual([]);
  });
});

describe("what runs", () => {
  test("versions are pinned, in every package.json", () => {
    const manifests = projectFiles().filter((path) => /(?:^|\/)package\.json$/.test(path));
    const loose = manifests.flatMap((path) =>
      versionsOf(path).flatMap(([name, version]) =>
        /^\d+\.\d+\.\d+$/.test(version) ? [] : [`${path}: ${name} ${version}`],
      ),
    );
    expect(loose).toEqual([]);
  });

  test("no test is skipped for good or runs alone", () => {
    const tests = projectFiles().filter(isTest);
    expect(finds(/\b(?:test|it|describe)\.(?:skip|only|todo)\(/, tests)).toEqual([]);
  });

  test("the linter and the compiler are silenced for one line at a time, with a reason", () => {
    const files = projectFiles("src/").filter((path) => path.endsWith(".ts"));
    expect(files.flatMap((path) => silencedBadly(path))).toEqual([]);
  });

  test("library code needs no syntax that Node 22 can't parse", () => {
    const library = projectFiles("src/").filter((path) => path.endsWith(".ts") && !isTest(path));
    expect(finds(/^\s*(?:await )?using \w+\s*=/, library)).toEqual([]);
    expect(
      library.filter((path) => listImports(read(path)).some(({ specifier }) => /^\..*\.js$/.test(specifier))),
    ).toEqual([]);
  });
});
