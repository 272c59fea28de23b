import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes the folder and those above it that are missing. Not `recursive: true`: where a folder can't be made because of
 * what it is in (`/proc`), Node tries again for ever.
 */
export function makeFolder(path: string, mode: number): void {
  if (isMade(path, mode)) return;
  makeFolder(dirname(path), mode);
  mkdirOnce(path, mode);
}

/** False: the folder above it is missing. */
function isMade(path: string, mode: number): boolean {
  try {
    mkdirOnce(path, mode);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT" && dirname(path) !== path && !isThere(dirname(path))) return false;
    throw error;
  }
}

/** A folder that is there already, or came in between, will do. */
function mkdirOnce(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (!isFolder(path)) throw error;
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** What can't be looked at is there: then nothing can be made in it either. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;
