import { readFileSync } from "node:fs";

/** The version in the package's own package.json, two folders above this file in src and in dist alike. */
export function versionOf(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}
