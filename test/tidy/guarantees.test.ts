import { describe, expect, test } from "vitest";
import { withFigures } from "../../scripts/soak/guarantees.ts";
import { batteries } from "../promises/batteries.ts";
import { projectFiles, read } from "./project.ts";

const PAGE = "docs/guarantees.md";

interface Section {
  readonly id: string;
  readonly text: string;
}

/** The rules of docs/spec/promises.md, in its order. */
const rules = (): string[] =>
  [...read("docs/spec/promises.md").matchAll(/^- \*\*(P\d+)\*\*/gm)].map(([, id = ""]) => id);

const sections = (): Section[] =>
  read(PAGE)
    .split(/^(?=## )/m)
    .flatMap((text) => {
      const id = /^## (P\d+) /.exec(text)?.[1];
      return id === undefined ? [] : [{ id, text }];
    });

/** The test files of the command that a section gives. */
const testsOf = ({ text }: Section): string[] =>
  [...text.matchAll(/`(?:DIORAMA_\w+=\S+ )?npx vitest run (\S+\.test\.ts)`/g)].map(([, path = ""]) => path);

const proves = (path: string, id: string): boolean =>
  new RegExp(`["'\`](?:[A-Z]+\\d+,? )*${id},? `).test(read(path));

describe("docs/guarantees.md", () => {
  test("says every promise of the spec in its order, and none besides", () => {
    expect(sections().map(({ id }) => id)).toEqual(rules());
  });

  test("names for each a test that is there and proves it, and what it does not prove", () => {
    const files = projectFiles();
    const wrong = sections().flatMap((section) => {
      const tests = testsOf(section);
      const isProven = tests.some((path) => files.includes(path) && proves(path, section.id));
      const isHonest = section.text.includes("**Does not prove:**");
      return isProven && isHonest && tests.every((path) => files.includes(path)) ? [] : [section.id];
    });
    expect(wrong).toEqual([]);
  });

  test("has the place that the soak writes its figures to", () => {
    expect(withFigures(read(PAGE), ["figures"])).toContain("figures");
  });

  test("every battery of the soak plays promises of the spec, in their order", () => {
    const played = batteries.map(({ promise }) => promise.split(/[\s,]+/));
    expect(played.flat().filter((id) => !rules().includes(id))).toEqual([]);
    const order = played.map(([first = ""]) => rules().indexOf(first));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });
});
