import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

test("LT24 LiveTables that wait hold no process", async () => {
  const holder = fileURLToPath(new URL("./idle-holder.ts", import.meta.url));
  const { stdout } = await run(process.execPath, [holder], { timeout: 20_000 });
  expect(stdout).toBe("left\n");
});
