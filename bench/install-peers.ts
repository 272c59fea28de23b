import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const folder = import.meta.dirname;
/** Says of what lock file the installed packages are; npm removes it when it installs anew. */
const stamp = path.join(folder, "node_modules", ".of-lock-file");

const lockHash = (): string =>
  createHash("sha256")
    .update(readFileSync(path.join(folder, "package-lock.json")))
    .digest("hex");

/** Whether the peers are there as the lock file has them. */
export const havePeers = (): boolean => existsSync(stamp) && readFileSync(stamp, "utf8") === lockHash();

/** Installs the peers where they are missing or of another lock file: about half a minute, once. */
export function installPeers(): void {
  if (havePeers()) return;
  process.stderr.write("installing the peers (npm ci --prefix bench) …\n");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const flags = ["ci", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error"];
  const { status } = spawnSync(npm, flags, {
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error("the peers could not be installed");
  writeFileSync(stamp, lockHash());
}
