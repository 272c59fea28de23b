import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type Cache, FileCache, MemCache, NoCache } from "../live/index.ts";
import { usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";
import { safeText } from "./safe-text.ts";

const USUAL_FOLDER = "./demo-cache";

/** The cache of `--cache`, closed with the command. */
export interface OpenedLiveCache {
  readonly cache: Cache;
  readonly kind: "mem" | "none" | "folder";
  /** For people. */
  readonly shown: string;
}

export interface LiveCacheWishes {
  /** A folder that isn't there is made; without it, nothing is cached. */
  readonly make: boolean;
}

/** `inUse` where another process has the folder, `invalid` where it can't be made. */
export async function openLiveCache(
  frame: Frame,
  option: string = USUAL_FOLDER,
  { make }: LiveCacheWishes = { make: true },
): Promise<OpenedLiveCache> {
  if (option === "") throw usageError("--cache is empty; give mem, none or a folder");
  if (option === "mem")
    return { cache: new MemCache(), kind: "mem", shown: "memory, as long as the command" };
  if (option === "none") return { cache: new NoCache(), kind: "none", shown: "none" };
  const home = option.startsWith("~/") ? join(homedir(), option.slice(2)) : option;
  const folder = resolve(frame.terminal.folder, home);
  if (!make && !existsSync(folder))
    return { cache: new NoCache(), kind: "folder", shown: `${folder} (not there yet)` };
  const cache = await FileCache.open(folder, {
    clock: frame.clock,
    onDamage: (error) => frame.note(`the cache: ${safeText(error.message)}`),
  });
  frame.defer(() => cache.close());
  return { cache, kind: "folder", shown: folder };
}
