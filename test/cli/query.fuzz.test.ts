import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../properties/runs.ts";
import { openCliFolder, runInTerminal } from "./recording-terminal.ts";

const folder = openCliFolder();
folder.write("a.csv", "id,n,text\na,1,x\nb,2,y\n");
folder.write("bad.csv", 'id,n\na,1\nb,"2\n');
folder.write("empty.csv", "");
folder.write("options.json", '{"id": "id"}');

const words = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(..."query get count explain a.csv bad.csv empty.csv live:a.csv".split(" ")),
  },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      ..."--where --order --search --columns --page --page-size --limit --ids --refresh --format --raw --json".split(
        " ",
      ),
      ..."--quiet --id --type --delimiter --header --source-options --fresh-for --cache --help -- -".split(
        " ",
      ),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      ..."n n>1 n=1 text:desc id,text 1 2 json csv table ndjson none x:y n:integer options.json 5m 0s ; a".split(
        " ",
      ),
      "n > 1 and (text = y or not id in (a))",
      "\u001b[2J",
    ),
  },
  // None that leads out of the folder.
  {
    weight: 1,
    arbitrary: fc
      .string({ unit: "binary", minLength: 1, maxLength: 12 })
      .filter((text) => !/[./~]/.test(text)),
  },
);

/** What a terminal does nothing with but show it. */
const isHarmless = (text: string): boolean =>
  // oxlint-disable-next-line no-control-regex -- they are what it looks for
  !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(text);

test("CLI1 CLI2 CLI9 CLI19 any words end with a known code, and with one harmless line where they fail (property)", async () => {
  const argv = fc.tuple(
    fc.constantFrom("query", "get", "count", "explain"),
    fc.constantFrom("a.csv", "bad.csv", "live:a.csv"),
    fc.array(words, { maxLength: 8 }),
  );
  await fc.assert(
    fc.asyncProperty(argv, async ([command, source, more]) => {
      const { code, out, err } = await runInTerminal([command, source, ...more], { folder: folder.path });
      expect([0, 1, 2, 3]).toContain(code);
      expect(isHarmless(out) && isHarmless(err)).toBe(true);
      if (code === 0 || err.startsWith("{") || err.startsWith("Usage:")) return;
      expect(err).toMatch(/^(?:[a-z][^\n]*\n)*diorama: [^\n]+\n(?: {2}[^\n]*\n {2} *\^\n)?$/);
    }),
    runs(150),
  );
});

test("CLI9 CLI10 whatever a file holds, a terminal is shown harmless lines, as many as rows (property)", async () => {
  const cell = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => text.isWellFormed());
  const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 4 });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const quoted = given.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(","));
      folder.write(`odd-${++count}.csv`, `a,b\n${quoted.join("\n")}\n`);
      const { code, out, err } = await runInTerminal(["query", `odd-${count}.csv`], {
        folder: folder.path,
        isTerminal: true,
      });
      expect(isHarmless(out)).toBe(true);
      if (code === 0) expect(out.split("\n")).toHaveLength(given.length + 3);
      else expect(err).toMatch(/diorama: /);
    }),
    runs(60),
  );
});
