import { basename, resolve } from "node:path";
import { DioramaError } from "../base/index.ts";
import { type CacheFolder, cacheRootOf, findCacheFolders, listCacheFolders } from "./cache-folders.ts";
import { usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";
import { shownLocation, toLocation } from "./source-location.ts";

/** Which folders a command is about, as the parser gives it. */
export interface FolderOptions {
  readonly cache?: string;
  /** A folder of one's own, such as an application's. */
  readonly at?: string;
}

/** The folders of a source, of all sources where none is named, or the one of `--at`. */
export function chooseFolders(
  frame: Frame,
  source: string | undefined,
  { cache, at }: FolderOptions,
): readonly CacheFolder[] {
  if (at !== undefined) {
    if (source !== undefined) throw usageError("SOURCE and --at FOLDER don't go together");
    const path = resolve(frame.terminal.folder, at);
    return [{ path, name: basename(path), manifest: undefined }];
  }
  const root = cacheRootOf(frame, cache);
  if (root === undefined)
    throw usageError('with "none" nothing is kept; --cache FOLDER says where to look, --at FOLDER names one');
  return source === undefined ? listCacheFolders(root) : foldersOf(frame, root, source);
}

/** For people: the source, or the folder where that isn't known. */
export function labelOf({ manifest, name, path }: CacheFolder, options: FolderOptions = {}): string {
  return manifest?.location ?? (options.at === undefined ? name : path);
}

/** By the folder's name, or by the source as other commands take it. */
function foldersOf(frame: Frame, root: string, source: string): readonly CacheFolder[] {
  const named = findCacheFolders(root, source);
  if (named.length > 0) return named;
  const location = shownLocation(toLocation(source, frame.terminal.folder));
  const found = findCacheFolders(root, location);
  if (found.length > 0) return found;
  const message = `nothing is kept of ${location} in ${root}; "diorama cache ls" lists what is`;
  throw new DioramaError("notFound", message, { place: { file: root } });
}
