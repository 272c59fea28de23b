import { createHmac, randomBytes } from "node:crypto";
import {
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import envPaths from "env-paths";
import { DioramaError, messageOf } from "../base/index.ts";
import { makeFolder } from "../sqlite/index.ts";
import { usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";

/** What a source is, as far as its folder goes. */
export interface SourceIdentity {
  readonly kind: string;
  /** For people: no credentials, no values of a query string. */
  readonly location: string;
  /** A word or two of it, for the folder's name. */
  readonly title: string;
  /** Everything that makes it another source, secrets included: it goes into the folder's name as a keyed hash. */
  readonly distinguishing: readonly string[];
}

/** What `source.json` in a folder says. */
export interface SourceManifest {
  readonly kind: string;
  readonly location: string;
  /** ISO 8601. */
  readonly created: string;
}

export interface CacheFolder {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  /** `undefined`: there is none that can be read. */
  readonly manifest: SourceManifest | undefined;
}

const MANIFEST = "source.json";
const KEY_FILE = "folder-key";
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const KEY_BYTES = 32;
const HASH_LENGTH = 12;
const MOST_READABLE = 40;

/**
 * The folder that holds a folder for each source: what `--cache` says, else DIORAMA_CACHE, else the user's own for
 * caches. `undefined` for "none".
 */
export function cacheRootOf(frame: Frame, option: string | undefined): string | undefined {
  const { env, folder } = frame.terminal;
  if (option === "") throw usageError('--cache is empty; it names a folder, or "none"');
  const named = option ?? env["DIORAMA_CACHE"];
  if (named === undefined || named === "") return envPaths("diorama", { suffix: "" }).cache;
  if (named === "none") return undefined;
  return resolve(folder, named.startsWith("~/") ? join(homedir(), named.slice(2)) : named);
}

/** Makes the source's folder (0700) with its manifest where they are missing; `invalid` where that can't be. */
export function openCacheFolder(root: string, identity: SourceIdentity, now: number): CacheFolder {
  try {
    makeFolder(root, FOLDER_MODE);
    const name = folderName(readKey(root), identity);
    const path = join(root, name);
    makeFolder(path, FOLDER_MODE);
    const manifest = readManifest(path) ?? writeManifest(path, identity, now);
    // When it was used last, for whoever clears up.
    utimesSync(join(path, MANIFEST), now / 1000, now / 1000);
    return { path, name, manifest };
  } catch (error) {
    const message = `the cache folder ${root} can't be used (${messageOf(error)}); --cache names another one, --cache none does without`;
    throw new DioramaError("invalid", message, { cause: error, place: { file: root } });
  }
}

/** Every source's folder under the root, by name; none where there is no root yet. */
export function listCacheFolders(root: string): CacheFolder[] {
  let names: string[];
  try {
    const entries = readdirSync(root, { withFileTypes: true });
    names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    const message = `the cache folder ${root} can't be read (${messageOf(error)}); --cache names another one`;
    throw new DioramaError("invalid", message, { cause: error, place: { file: root } });
  }
  return names
    .toSorted()
    .map((name) => {
      const path = join(root, name);
      return { path, name, manifest: readManifest(path) };
    })
    .filter(({ name, manifest }) => manifest !== undefined || FOLDER_NAME.test(name));
}

/** The folders of the source of that location, or the one of that name. Several: under several options. */
export function findCacheFolders(root: string, location: string): CacheFolder[] {
  return listCacheFolders(root).filter(
    ({ name, manifest }) => name === location || manifest?.location === location,
  );
}

/** When a command opened the source last, milliseconds since 1970; where that can't be told, when the folder changed. */
export function lastUseOf({ path }: CacheFolder): number {
  const manifest = statSync(join(path, MANIFEST), { throwIfNoEntry: false });
  return manifest?.mtimeMs ?? statSync(path).mtimeMs;
}

/** Deletes the folder and everything in it. That nobody holds it is the caller's to see to. */
export function removeCacheFolder({ path }: CacheFolder): void {
  // Out of the way first: whoever opens the source meanwhile begins with a folder of its own.
  const leaving = `${path}.leaving-${process.pid}`;
  renameSync(path, leaving);
  rmSync(leaving, { recursive: true, force: true });
}

const FOLDER_NAME = new RegExp(`-[0-9a-f]{${HASH_LENGTH}}$`);

function folderName(key: Buffer, { kind, title, distinguishing }: SourceIdentity): string {
  const hash = createHmac("sha256", key)
    .update(JSON.stringify([kind, ...distinguishing]))
    .digest("hex");
  const readable = title
    .replace(/[^A-Za-z0-9_]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, MOST_READABLE);
  return `${readable === "" ? "source" : readable}-${hash.slice(0, HASH_LENGTH)}`;
}

/** Of this root alone: from a folder's name nobody finds out what was hashed by trying. */
function readKey(root: string): Buffer {
  const path = join(root, KEY_FILE);
  const known = readIfThere(path);
  if (known?.length === KEY_BYTES) return known;
  makeKey(path, known !== undefined);
  return readFileSync(path);
}

/** Whole from the start, and of two processes that begin at once the first one's stays. */
function makeKey(path: string, isDamaged: boolean): void {
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, randomBytes(KEY_BYTES), { mode: FILE_MODE });
  try {
    if (isDamaged) renameSync(aside, path);
    else linkSync(aside, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function writeManifest(path: string, { kind, location }: SourceIdentity, now: number): SourceManifest {
  const manifest = { kind, location, created: new Date(now).toISOString() };
  const file = join(path, MANIFEST);
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: FILE_MODE });
  renameSync(`${file}.${process.pid}`, file);
  return manifest;
}

function readManifest(path: string): SourceManifest | undefined {
  try {
    const read: unknown = JSON.parse(readFileSync(join(path, MANIFEST), "utf8"));
    if (typeof read !== "object" || read === null) return undefined;
    if (!("kind" in read && "location" in read && "created" in read)) return undefined;
    const { kind, location, created } = read;
    if (typeof kind !== "string" || typeof location !== "string" || typeof created !== "string")
      return undefined;
    return { kind, location, created };
  } catch {
    // A folder is known by its name too; what is in it can be made again.
    return undefined;
  }
}
