export { FolderLock, type Holder, holderOf, type LockNames } from "./folder-lock.ts";
export { openHeld } from "./open-held.ts";
export { makeFolder } from "./make-folder.ts";
export { networkFileSystem, prepareFolder } from "./prepare-folder.ts";
export { Damage, damageOf, rollBack, toCallError } from "./sqlite-failure.ts";
export { Turns } from "./turns.ts";
export { type CallsOf, type Failure, type Reply, type Request, WorkerLink } from "./worker-link.ts";
