import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const program = fileURLToPath(new URL("../../scripts/soak.ts", import.meta.url));
const madeUp = fileURLToPath(new URL("./made-up-batteries.ts", import.meta.url));

interface Place {
  readonly folder: string;
  readonly totals: string;
  readonly args: readonly string[];
}

function place(): Place {
  const folder = mkdtempSync(join(tmpdir(), "diorama-soak-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const totals = join(folder, "soak.json");
  return {
    folder,
    totals,
    args: [program, "--batteries", madeUp, "--totals", totals, "--code-version", "2"],
  };
}

function soak({ folder, args }: Place, ...more: readonly string[]): { status: number | null; text: string } {
  const env = { ...process.env, TMPDIR: folder };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, ...more], {
    encoding: "utf8",
    env,
  });
  return { status, text: stdout + stderr };
}

interface Written {
  readonly batteries: Readonly<
    Record<string, { rounds: number; counts: Record<string, number>; broken: unknown[] }>
  >;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the soak writes it
const read = ({ totals }: Place): Written => JSON.parse(readFileSync(totals, "utf8")) as Written;

test("a soak adds to what earlier ones did, prints the table and leaves no files of its rounds", () => {
  const at = place();
  const first = soak(at, "--minutes", "0.005", "--only", "P1,P3");
  expect(first.status).toBe(0);
  const done = read(at).batteries;
  expect(done["P1 P2"]?.rounds).toBeGreaterThan(0);
  expect(done["P1 P2"]?.counts["lost"]).toBe(0);
  expect(first.text).toMatch(/^\| P1.*; P2.*\| \d+ rounds?, \d+ cases? \|.* \/ \d+ \/ 0 \| \d\.\d \| 0 \|$/m);
  expect(first.text).toContain("P4: 0 of 2 cases");
  const second = soak(at, "--minutes", "0.005", "--only", "P2");
  expect(second.status).toBe(0);
  expect(read(at).batteries["P1 P2"]?.rounds).toBeGreaterThan(done["P1 P2"]?.rounds ?? Infinity);
  expect(read(at).batteries["P3"]).toEqual(done["P3"]);
  rmSync(at.totals);
  expect(spawnSync("ls", ["-A", at.folder], { encoding: "utf8" }).stdout).toBe("");
});

test("a broken promise ends the soak with 1 and is listed with what replays it, from then on", () => {
  const at = place();
  const replayed = soak(at, "--only", "P3", "--seed", "13");
  expect(replayed.status).toBe(1);
  expect(replayed.text).toContain("a promise is broken (by thirteen)");
  expect(existsSync(at.totals)).toBe(false);
  expect(soak(at, "--only", "P3", "--seed", "14").status).toBe(0);

  // A battery that only breaks leaves the time to others; here there are none.
  const uncaught = soak(at, "--minutes", "5", "--only", "P4");
  expect(uncaught.status).toBe(1);
  expect(read(at).batteries["P4"]?.broken).toHaveLength(3);
  expect(uncaught.text).toMatch(
    /npm run soak -- --only P4 --seed \d+ {3}# P4: unhandledRejection: nobody caught this/,
  );
  expect(read(at).batteries["P4"]?.counts).toEqual({});
  expect(soak(at, "--minutes", "0").text).toContain("--only P4 --seed");
});

/** It runs no more; somebody may have yet to take note of its end. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}

test("a round that hangs, leaves something open or exits is broken, and its children end with it", () => {
  const at = place();
  const hung = soak(at, "--only", "P5", "--seed", "1", "--limit-ms", "2500");
  expect(hung.status).toBe(1);
  expect(hung.text).toMatch(/P5 seed 1, \d\.\d s: BROKEN: it hung: not gone after 2\.5 s/);
  const grandchild = Number(/grandchild (\d+)/.exec(hung.text)?.[1]);
  expect(isGone(grandchild)).toBe(true);
  const open = soak(at, "--only", "P6", "--seed", "1", "--limit-ms", "2500");
  expect([open.status, open.text]).toEqual([1, expect.stringContaining("it ended, and left something open")]);
  const exited = soak(at, "--only", "P7", "--seed", "1");
  expect([exited.status, exited.text]).toEqual([1, expect.stringContaining("its process ended with code 3")]);
});

test("Ctrl-C ends a soak at once and keeps what is done", async () => {
  const at = place();
  const child = spawn(process.execPath, [...at.args, "--minutes", "1", "--only", "P3"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  await new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("P3 seed")) resolve();
    });
  });
  const from = performance.now();
  child.kill("SIGINT");
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(performance.now() - from).toBeLessThan(20_000);
  expect(code).toBe(130);
  expect(text).toContain("| P3 ");
  expect(read(at).batteries["P3"]?.rounds).toBeGreaterThan(0);
});

test("a battery that this machine can't play is left out and said", () => {
  const at = place();
  const { status, text } = soak(at, "--minutes", "0.001", "--only", "P8");
  expect([status, text]).toEqual([
    0,
    expect.stringContaining("P8 is not played: this machine lacks a spoon"),
  ]);
  expect(text).toContain("- P8: 0 of 2 cases");
});

test("totals of another version, or that can't be read, are kept apart and said", () => {
  const at = place();
  mkdirSync(at.folder, { recursive: true });
  writeFileSync(at.totals, JSON.stringify({ format: 1, version: "abc 1", batteries: {} }));
  expect(soak(at, "--minutes", "0").text).toMatch(/was of version abc 1: kept as .*soak-abc-1\.json/);
  expect(existsSync(join(at.folder, "soak-abc-1.json"))).toBe(true);
  writeFileSync(at.totals, "{");
  expect(soak(at, "--minutes", "0").text).toMatch(/kept as .*soak-unreadable\.json/);
});

test("a mistake in the call is refused with what there is", () => {
  const at = place();
  expect(soak(at, "--minutes", "soon")).toMatchObject({
    status: 2,
    text: expect.stringContaining("--minutes soon: give a number from 0 on"),
  });
  expect(soak(at, "--only", "P99")).toMatchObject({
    status: 2,
    text: expect.stringContaining("there are P1, P2, P3"),
  });
  expect(soak(at, "--seed", "1.5")).toMatchObject({
    status: 2,
    text: expect.stringContaining("--seed 1.5: give a whole number"),
  });
  for (const wrong of [["--never"], ["--minutes", "-1"], ["P1"]]) {
    const { status, text } = soak(at, ...wrong);
    expect({ status, lines: text.split("\n").length }).toEqual({ status: 2, lines: 2 });
  }
});
