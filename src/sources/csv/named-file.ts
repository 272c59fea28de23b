import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../base/index.ts";

/** A file that a caller named. */
export interface NamedFile {
  /** Absolute. */
  readonly path: string;
  /** As messages name it: as the caller did, but for what an address may hide. */
  readonly shown: string;
}

/** The file of a path or a `file:` URL; whatever else is a problem. */
export function toNamedFile(file: unknown, problems: string[]): NamedFile {
  const address = file instanceof URL ? file.href : file;
  if (typeof address !== "string" || address === "" || address.includes("\0")) {
    problems.push("the file is named by a path or a file: URL");
    return { path: "", shown: "" };
  }
  const scheme = /^[a-z][a-z\d+.-]+:(?=\/\/)/i.exec(address)?.[0].toLowerCase();
  if (scheme === undefined) return { path: resolve(address), shown: address };
  if (scheme !== "file:") {
    // The rest may hold a password.
    problems.push(`it reads files, not ${scheme} addresses: download it first`);
    return { path: "", shown: `${scheme}//…` };
  }
  try {
    const path = fileURLToPath(address);
    return { path, shown: path };
  } catch (error) {
    problems.push(messageOf(error));
    return { path: "", shown: address };
  }
}

/** The file's name without `.gz` and without its extension. */
export function titleOf(path: string): string {
  const whole = basename(path);
  const unpacked = whole.replace(/\.gz$/i, "");
  return unpacked.replace(/(?<=.)\.[^.]*$/, "") || whole;
}
