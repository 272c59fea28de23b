import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../../test/properties/runs.ts";
import { isDioramaError } from "../../base/index.ts";
import { linkOf } from "./link-header.ts";

const asked = new URL("https://api.test/v1/rows?page=1");

function outcomeOf(header: string, relation = "next"): string | undefined {
  try {
    return linkOf(new Headers({ Link: header }), relation, asked)?.href;
  } catch (error) {
    if (!isDioramaError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const page2 = "https://api.test/v1/rows?page=2";

describe("a Link header", () => {
  test.each([
    [`<${page2}>; rel="next"`, page2],
    [`<${page2}>; rel=next`, page2],
    [`<${page2}>;rel="last NEXT"`, page2],
    [`< >; rel=prev, <${page2}> ; title="a, <b>; rel=\\"prev\\"" ; REL = "next"`, page2],
    ["<?page=2>; rel=next", page2],
    ["</v1/rows?page=2>; rel=next", page2],
    ["<../v1/rows?page=2#x>; rel=next", `${page2}#x`],
    [`,, <https://api.test/a,b;c>; rel=first ,<${page2}>; rel=next;,`, page2],
    [`<${page2}>; hreflang; rel=next`, page2],
    [`<${page2}>; rel*=next; rel=next`, page2],
    ["<>; rel=next", "https://api.test/v1/rows?page=1"],
    [`<${page2}>; rel=prev; rel=next`, undefined],
    [`<${page2}>; rel=nextish`, undefined],
    [`<${page2}>; rel=next; anchor="#other", <?page=3>; rel=next`, "https://api.test/v1/rows?page=3"],
    [`<${page2}>`, undefined],
    ["", undefined],
    [" , ", undefined],
  ])("REST67 %s leads to %s", (header, target) => {
    expect(outcomeOf(header)).toBe(target);
  });

  test("REST67 without one there is no link, and several headers are one list", () => {
    expect(linkOf(new Headers(), "next", asked)).toBeUndefined();
    const headers = new Headers([
      ["Link", "<?page=1>; rel=first"],
      ["Link", "<?page=2>; rel=next"],
    ]);
    expect(linkOf(headers, "next", asked)?.href).toBe(page2);
  });

  test.each([
    "https://api.test/v1/rows?page=2; rel=next",
    `<${page2}; rel=next`,
    `<${page2}>; rel="next`,
    `<${page2}> rel=next`,
    `<${page2}>; rel=prev <?page=3>; rel=next`,
    `<${page2}>; title="x"y; rel=next`,
  ])("REST67 %s can't be read, and is rejected: it might hide the next page", (header) => {
    expect(outcomeOf(header)).toBe("rejected: its Link header can't be read");
  });

  test.each([
    ["<https://evil.test/rows>; rel=next", "leads away from https://api.test, to https://evil.test"],
    ["<http://api.test/rows>; rel=next", "leads away from https://api.test, to http://api.test"],
    ["<//evil.test/rows>; rel=next", "leads away from https://api.test, to https://evil.test"],
    ["<https://user:pass@api.test/rows>; rel=next", "leads away from https://api.test, to https://api.test"],
    ["<data:text/plain,x>; rel=next", "leads away from https://api.test, to null"],
    ["<https://>; rel=next", "is no URL"],
  ])("REST67 %s is rejected", (header, why) => {
    expect(outcomeOf(header)).toBe(`rejected: its link to the next page ${why}`);
  });

  test("REST67 links written in any legal way are found", () => {
    const space = fc.constantFrom("", " ", "\t");
    const parameter = fc.constantFrom(
      "title=x",
      'title="a;b,c<d>\\""',
      "hreflang=de",
      "crossorigin",
      'rel="prev"',
    );
    const link = fc.record({
      number: fc.integer({ min: 1, max: 99 }),
      isNext: fc.boolean(),
      quoted: fc.boolean(),
      before: fc.array(fc.constantFrom("title=x", 'title="a;b,c<d>\\""', "hreflang=de", "crossorigin"), {
        maxLength: 2,
      }),
      after: fc.array(parameter, { maxLength: 2 }),
      gap: space,
    });
    fc.assert(
      fc.property(fc.array(link, { maxLength: 5 }), (links) => {
        const header = links
          .map(({ number, isNext, quoted, before, after, gap }) => {
            const relation = isNext ? "next" : "last";
            const rel = quoted ? `rel="x ${relation}"` : `rel=${relation}`;
            return [`${gap}<?page=${number}>${gap}`, ...before, rel, ...after].join(`;${gap}`);
          })
          .join(",");
        const first = links.find(({ isNext }) => isNext);
        expect(outcomeOf(header)).toBe(first && `https://api.test/v1/rows?page=${first.number}`);
      }),
      runs(500),
    );
  });

  test("P17 REST67 REST68 any text is links or rejected, within a moment", () => {
    const scrap = fc.constantFrom(
      "<",
      ">",
      ";",
      ",",
      '"',
      "\\",
      "=",
      "rel",
      "next",
      " ",
      "\t",
      "?p=2",
      "anchor",
      "x",
    );
    const text = fc.array(scrap, { maxLength: 60 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (header) => {
        const found = outcomeOf(header);
        expect(found === undefined || /^(https:\/\/api\.test\/|rejected: )/.test(found)).toBe(true);
      }),
      runs(2_000),
    );
    for (const part of ["<", "<>", ",", ";", '<>;a="', "<>;a=\\", "<>; ", "\t", '<>;rel="\\"']) {
      const start = performance.now();
      outcomeOf(`<?p=2>; rel=x, ${part.repeat(100_000)}`);
      expect([part, performance.now() - start < 1_000]).toEqual([part, true]);
    }
  });
});
