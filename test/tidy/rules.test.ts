import { describe, expect, test } from "vitest";
import { promisePrefix, rooms } from "../../rooms.ts";
import { isTest, projectFiles, read } from "./project.ts";
import { withoutComments } from "./source-text.ts";

interface Rule {
  readonly id: string;
  readonly file: string;
}

const prefixes: readonly string[] = [
  ...rooms.flatMap(({ rulePrefixes, adapters }) => [
    ...rulePrefixes,
    ...adapters.flatMap((adapter) => adapter.rulePrefixes),
  ]),
  promisePrefix,
];

/** The numbered rules of docs/spec: a line `- **D7** text`. */
const rules = (): Rule[] =>
  projectFiles("docs/")
    .filter((path) => /^docs\/spec\/.*\.md$/.test(path))
    .flatMap((file) =>
      [...read(file).matchAll(/^- \*\*([A-Z]+\d+)\*\*/gm)].map(([, id = ""]) => ({ id, file })),
    );

/** Tests, and what publishes tests: the contract suites of src/testing. */
const filesWithTitles = (): string[] =>
  [...projectFiles("src/"), ...projectFiles("test/")].filter(
    (path) =>
      path.endsWith(".ts") && (isTest(path) || path.startsWith("src/testing/") || path.startsWith("test/")),
  );

const opening = new RegExp(`["'\`]((?:(?:${prefixes.join("|")})\\d+,? )+)(?=\\S)`, "g");

/** Every string that opens with rule ids, as in `test("D7 D8 a row …")`: one entry for each id. */
const titledRules = (path: string): Rule[] =>
  [...withoutComments(read(path)).matchAll(opening)].flatMap(([, ids = ""]) =>
    ids
      .trim()
      .split(/,? /)
      .map((id) => ({ id, file: path })),
  );

const list = (found: readonly Rule[]): string[] => found.map(({ id, file }) => `${id} (${file})`);

describe("the rules of docs/spec", () => {
  test("each has a number of its own, with a prefix that rooms.ts gives to one spec", () => {
    const seen = new Map<string, string>();
    const wrong = rules().filter(({ id, file }) => {
      const prefix = id.replace(/\d+$/, "");
      const twice = seen.has(id);
      const elsewhere = (seen.get(prefix) ?? file) !== file;
      seen.set(id, file).set(prefix, seen.get(prefix) ?? file);
      return twice || elsewhere || !prefixes.includes(prefix);
    });
    expect(list(wrong)).toEqual([]);
  });

  test("each has a test whose title opens with its number", () => {
    const proven = new Set(
      filesWithTitles()
        .flatMap(titledRules)
        .map(({ id }) => id),
    );
    expect(list(rules().filter(({ id }) => !proven.has(id)))).toEqual([]);
  });

  test("no test proves a rule that isn't written down", () => {
    const known = new Set(rules().map(({ id }) => id));
    expect(
      list(
        filesWithTitles()
          .flatMap(titledRules)
          .filter(({ id }) => !known.has(id)),
      ),
    ).toEqual([]);
  });

  test("every prefix of rooms.ts has rules", () => {
    const used = new Set(rules().map(({ id }) => id.replace(/\d+$/, "")));
    expect(prefixes.filter((prefix) => !used.has(prefix))).toEqual([]);
  });
});
