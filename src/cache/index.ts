export {
  blankMeta,
  type CacheBackend,
  type CacheBatch,
  type CacheTable,
  type OrderStore,
  type StoredRow,
  type TableMeta,
} from "./cache-backend.ts";
export { createMemoryCache } from "./memory-cache.ts";
export { createNoCache } from "./no-cache.ts";
