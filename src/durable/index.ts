export {
  type CheckStep,
  folderHolders,
  type FolderDamage,
  FolderLook,
  type LookedCache,
} from "./look-at-folder.ts";
export { openCacheFile } from "./open-cache-file.ts";
export { openDurable } from "./open-durable.ts";
export type { DurableOptions, DurableStores } from "./stores.ts";
