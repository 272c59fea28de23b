import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test as plainTest } from "vitest";
import type { TourReport } from "../../examples/tour/report.ts";
import { type Outcome, runTour } from "./run-tour.ts";

/** A folder for one test's files, with the tour's cache in it: tests side by side have nothing in common. */
export class TourPlace {
  readonly folder: string = mkdtempSync(join(tmpdir(), "diorama-tour-"));
  readonly cache: string = join(this.folder, "cache");

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** From this folder. */
  run(...args: readonly string[]): Promise<Outcome> {
    return runTour([...args, "--cache", this.cache], { cwd: this.folder });
  }

  /** Without the live table, which has a test of its own. */
  async report(...args: readonly string[]): Promise<TourReport> {
    return reportOf(await runTour(["--json", "--cache", this.cache, "--rows", "0", ...args]));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const test = plainTest.extend<{ readonly place: TourPlace }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern what a fixture needs
  place: async ({}, use) => {
    const place = new TourPlace();
    await use(place);
    place.remove();
  },
});

export function reportOf({ code, stdout, stderr }: Outcome): TourReport {
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as TourReport;
}

export const digest = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
