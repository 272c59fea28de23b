import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const program = fileURLToPath(new URL("../../scripts/demo-crash.ts", import.meta.url));
/** Into the middle of things, wherever that is. */
const A_WHILE_MS = 1_000;

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "diorama-demo-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("the crash demo kills as often as it was told, counts nothing lost, and leaves no files", () => {
  const folder = emptyFolder();
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "--kills", "3", "--seed", "7"], {
    encoding: "utf8",
    env: { ...process.env, TMPDIR: folder },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const [, kills, lost] = /^together +(\d+) .* (\d+)$/m.exec(stdout) ?? [];
  expect(Number(kills)).toBeGreaterThanOrEqual(3);
  expect(Number(lost)).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});

test("Ctrl-C ends the crash demo soon, with its table, and leaves no files", async () => {
  const folder = emptyFolder();
  // A group of its own: as at a terminal, its writers get the signal too.
  const child = spawn(process.execPath, [program, "--kills", "1000"], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
    env: { ...process.env, TMPDIR: folder },
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = new Promise((resolve) => child.once("close", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  await sleep(A_WHILE_MS);
  if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
  expect(await ended).toBe(130);
  expect(text).toMatch(/^together +\d+/m);
  expect(text).toContain("Stopped:");
  expect(readdirSync(folder)).toEqual([]);
});

test("a mistake in the crash demo's call is refused in one line", () => {
  for (const wrong of [["--kills", "0"], ["--kills", "-3"], ["--never"]]) {
    const { status, stderr } = spawnSync(process.execPath, [program, ...wrong], { encoding: "utf8" });
    expect({ wrong, status, lines: stderr.split("\n").length }).toEqual({ wrong, status: 2, lines: 2 });
  }
});
