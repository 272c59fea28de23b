import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { Lens } from "../../src/index.ts";
import { runTour } from "./run-tour.ts";
import { test, type TourPlace } from "./tour-place.ts";

function writeFiles(place: TourPlace): void {
  place.write("sales.csv", "item,price\ntea,4\n");
  place.write("ragged.csv", "item,price\ntea,4\ncoffee\n");
  place.write("twice.csv", "item,price\ntea,4\ntea,5\n");
  place.write("picture.png", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"));
  const rows = Array.from({ length: 10_001 }, (_, index) => (index === 10_000 ? "n/a" : String(index)));
  place.write("late.csv", `n\n${rows.join("\n")}\n`);
}

describe.concurrent("what the tour can't do ends it with one clear line", { timeout: 30_000 }, () => {
  test.for<[what: string, args: string[], line: RegExp]>([
    ["no such file", ["seles.csv"], /^seles\.csv|\/seles\.csv: there is no such file/],
    ["a folder", ["."], /it is a folder/],
    ["no text", ["picture.png"], /picture\.png, line 1: .*bytes that are no text/],
    ["no such column", ["sales.csv", "--id", "itme"], /there is no column "itme"; did you mean "item"\?/],
    ["a bad row", ["ragged.csv"], /ragged\.csv, line 3.*--skip-bad-rows/],
    ["an id that comes twice", ["twice.csv", "--id", "item"], /twice\.csv, line 3.*line 2/],
    ["a cell that came late", ["late.csv"], /late\.csv, line 10002.*--type "n=text"/],
    ["a declared column that isn't there", ["sales.csv", "--type", "prize=text"], /"prize".*"price"/],
  ])("%s", async ([, args, line], { place }) => {
    writeFiles(place);
    const { code, stderr } = await place.run(...args);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(line);
    expect(code).toBe(1);
  });

  test("a cache folder that can't be made", async ({ place }) => {
    const file = place.write("sales.csv", "item,price\ntea,4\n");
    const { code, stderr } = await runTour(["--cache", join(file, "cache")]);
    expect(stderr).toMatch(/^the cache folder \S+ can't be made .*--cache <folder>\)\n$/);
    expect(code).toBe(1);
  });

  test("a cache folder that another one holds: the line names the holder", async ({ place }) => {
    const held = place.cache;
    const lens = await Lens.builder().cacheAt(held).build();
    const { code, stderr } = await runTour(["--cache", held]);
    await lens.close();
    expect(stderr).toMatch(/^the cache folder \S+ is in use by [^\n]+\n$/);
    expect(stderr).toContain(` ${process.pid} on `);
    expect(code).toBe(1);
  });

  test("as JSON: the line on standard error, nothing on standard output", async ({ place }) => {
    const { code, stdout, stderr } = await place.run("seles.csv", "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^[^\n]+\n$/);
  });
});

describe.concurrent("a wrong call ends with exit code 2 and one line", { timeout: 30_000 }, () => {
  test.for<[what: string, args: string[], line: RegExp]>([
    ["an unknown option", ["--jsn"], /--jsn.*options are --id, /],
    ["two files", ["a.csv", "b.csv"], /one file at a time/],
    ["an option without its value", ["--id"], /--id/],
    ["rows that are no number", ["--rows", "many"], /--rows many: give a whole number from 0 to 10,000,000/],
    ["rows without end", ["--rows", "1e12"], /--rows 1e12: give a whole number/],
    ["a type that is none", ["--type", "zip=txt"], /zip=txt.*text, integer/],
  ])("%s", async ([, args, line]) => {
    const { code, stdout, stderr } = await runTour(args);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("options that npm kept for itself", async () => {
    const env = { npm_lifecycle_event: "start", npm_config_id: "zip" };
    const { code, stderr } = await runTour(["file.csv"], { env });
    expect(stderr).toContain('npm kept --id for itself: put "--" before');
    expect(code).toBe(2);
  });
});

describe.concurrent("the tour ends cleanly", { timeout: 30_000 }, () => {
  test.for([
    ["SIGINT", "while it copies", "cache    ", 130],
    ["SIGINT", "while it works on the copy", "What the file can't answer", 130],
    ["SIGTERM", "while it measures", "A cold start", 143],
    ["SIGINT", "while the live table is made or shown", "An edit upstream", 130],
  ] as const)("on %s %s, with everything closed", async ([signal, , moment, expected], { place }) => {
    const kept = place.cache;
    let sent = false;
    const outcome = await runTour(["--cache", kept], {
      onOutput: (child, stdout) => {
        if (sent || !stdout.includes(moment)) return;
        sent = true;
        child.kill(signal);
        // Both the terminal and npm send it.
        child.kill(signal);
      },
    });
    expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({ code: expected, stderr: "stopped\n" });
    expect(
      readdirSync(kept).filter((name) => !/^(?:cache\.db|queue\.db|lock\.db|orders)$/.test(name)),
    ).toEqual([]);
    const lens = await Lens.builder().cacheAt(kept).build();
    await lens.close();
  });

  test("when its reader has read enough", async ({ place }) => {
    const { code, stderr } = await runTour(["--cache", place.cache], {
      onOutput: (child) => child.stdout?.destroy(),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});
