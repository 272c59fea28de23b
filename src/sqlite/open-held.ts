import { type Clock, systemClock } from "../base/index.ts";
import { FolderLock, type LockNames } from "./folder-lock.ts";
import { prepareFolder } from "./prepare-folder.ts";

/** What opening needs of a worker's link. */
interface FileLink {
  call(kind: "openFile", take: undefined): Promise<unknown>;
  end(): Promise<void>;
}

export interface HeldFile<Link> {
  /** The folder's real path. */
  readonly folder: string;
  readonly link: Link;
  /** Ends the hold of the folder, where it was taken here. */
  readonly release: () => void;
}

export interface HoldOptions {
  readonly clock?: Clock | undefined;
  readonly lock?: FolderLock | undefined;
  /** Of the lock that is taken here. Default: the one of the whole folder. */
  readonly lockNames?: LockNames | undefined;
  /** Whether there is a file to open now; where not, the worker starts with the first call. Default: there is. */
  readonly hasFile?: ((folder: string) => boolean) | undefined;
}

/** Makes the folder where missing, holds it unless the caller does, and has a worker open its file there. */
export async function openHeld<Link extends FileLink>(
  folder: string,
  { clock = systemClock, lock, lockNames, hasFile = (): boolean => true }: HoldOptions,
  createLink: (folder: string) => Link,
): Promise<HeldFile<Link>> {
  const real = prepareFolder(folder);
  const own = lock === undefined ? FolderLock.take(real, clock, lockNames) : undefined;
  const link = createLink(real);
  try {
    if (hasFile(real)) await link.call("openFile", undefined);
  } catch (error) {
    await link.end();
    own?.release();
    throw error;
  }
  return { folder: real, link, release: () => own?.release() };
}
