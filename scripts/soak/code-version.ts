import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** What the figures are about: the product, and what it runs on. Words and tests may change under them. */
const CODE = ["src", "package-lock.json"];
const HASH_LENGTH = 8;

/** The last commit that touched the code, with a mark of its own where it was changed since. */
export function codeVersion(root: string): string {
  const git = (...args: readonly string[]): string => {
    const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 28 });
    return status === 0 ? stdout.trim() : "";
  };
  const commit = git("log", "-1", "--format=%h", "--", ...CODE);
  if (commit === "") return `release ${packageVersion(root)}`;
  const changes =
    git("diff", "HEAD", "--", ...CODE) + git("ls-files", "--others", "--exclude-standard", "src");
  if (changes === "") return commit;
  const mark = createHash("sha256").update(changes).digest("hex").slice(0, HASH_LENGTH);
  return `${commit} with changes ${mark}`;
}

function packageVersion(root: string): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("package.json", `file://${root}/`), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "";
}
