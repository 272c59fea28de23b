import { describe, expect, test } from "vitest";
import { codeLines, listImports, withoutComments } from "./source-text.ts";

describe("the reader of source files", () => {
  test("blanks comments and keeps what only looks like one", () => {
    const text =
      'const a = "// no"; // yes\n/* yes\nyes */ const b = `/* no */`;\nconst c = /"\\/\\/"/; // yes';
    expect(withoutComments(text)).toBe(
      'const a = "// no"; \n\n const b = `/* no */`;\nconst c = /"\\/\\/"/; ',
    );
  });

  test("counts lines of code only", () => {
    expect(codeLines("\n// a\nconst a = 1;\n\n/** b\n * c */\nconst b = 2;\n")).toBe(2);
  });

  test("finds every form of import", () => {
    const text = [
      'import a from "a";',
      'import { b } from "b";',
      'import type { c } from "c";',
      'import { type D, type E } from "d";',
      'import { type F, g } from "e";',
      "import {\n  h,\n  i,\n} from 'f';",
      'export { j } from "g";',
      'export type { K } from "h";',
      'export * from "i";',
      'import "j";',
      'const k = await import("k");',
      '// import l from "no";',
    ].join("\n");
    expect(
      listImports(text).map(({ specifier, typeOnly }) => (typeOnly ? `type ${specifier}` : specifier)),
    ).toEqual(["a", "b", "type c", "type d", "e", "f", "g", "type h", "i", "j", "k"]);
  });
});
