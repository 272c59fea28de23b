import { posix } from "node:path";
import { describe, expect, test } from "vitest";
import { projectFiles, read } from "./project.ts";

interface Snippet {
  readonly place: string;
  /** `examples/x.ts` or `examples/x.ts#region`, from the comment above it. */
  readonly source: string | undefined;
  readonly code: string;
}

const fence = /(?:<!-- example: (?<source>\S+) -->\n\s*)?^```(?:ts|typescript)\n(?<code>[\s\S]*?)^```$/gm;

function snippetsOf(path: string): Snippet[] {
  const text = read(path);
  return [...text.matchAll(fence)].map(({ groups, index }) => ({
    place: `${path}:${text.slice(0, index).split("\n").length}`,
    source: groups?.["source"],
    code: groups?.["code"] ?? "",
  }));
}

/** The lines of a region lose the indentation that all of them have. */
function outdent(lines: readonly string[]): string {
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const common = Math.min(...indents);
  return lines.map((line) => `${line.slice(common)}\n`).join("");
}

function exampleText(source: string): string {
  const [path = "", region] = source.split("#");
  const text = read(path);
  if (region === undefined) return text.replace(/^\s*\/\/ #(?:end)?region.*\n/gm, "");
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.trim() === `// #region ${region}`);
  const to = lines.findIndex((line, index) => index > from && line.trim() === "// #endregion");
  return from === -1 || to === -1 ? `no region ${region} in ${path}` : outdent(lines.slice(from + 1, to));
}

const pages = (): string[] =>
  projectFiles().filter((path) => /^(?:README\.md|docs\/guide\/.*\.md)$/.test(path));

describe("TypeScript shown in README and guide", () => {
  const snippets = pages().flatMap(snippetsOf);

  test("comes from an example that the tests run", () => {
    const loose = snippets.filter(
      ({ source }) => source === undefined || !/^examples\/[\w-]+\.ts(?:#|$)/.test(source),
    );
    expect(loose.map(({ place }) => place)).toEqual([]);
  });

  test.each(snippets.filter(({ source }) => source !== undefined))(
    "$place is $source, word for word",
    (snippet) => {
      expect(snippet.code).toBe(exampleText(snippet.source ?? ""));
    },
  );

  test("there is some", () => {
    expect(snippets.length).toBeGreaterThan(0);
  });
});

describe("what the pages name", () => {
  const documents = (): string[] => projectFiles().filter((path) => path.endsWith(".md"));
  const files = projectFiles();
  const exists = (path: string): boolean =>
    files.some((file) => file === path || file.startsWith(`${path}/`));

  test("files and folders in code marks are there", () => {
    const named = documents().flatMap((page) =>
      [...read(page).matchAll(/`((?:src|test|docs|examples|scripts|bench)\/[\w./-]*\w)`/g)].map(
        ([, path = ""]) => ({
          page,
          path,
        }),
      ),
    );
    expect(named.filter(({ path }) => !exists(path))).toEqual([]);
  });

  test("links between pages lead somewhere", () => {
    const links = documents().flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map(([, target = ""]) => ({
        page,
        path: posix.join(posix.dirname(page), target),
      })),
    );
    expect(links.filter(({ path }) => !exists(path.replace(/\/$/, "")))).toEqual([]);
  });
});
