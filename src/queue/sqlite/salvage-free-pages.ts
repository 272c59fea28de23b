import { OPS_ROOT_PAGE } from "./queue-schema.ts";
import type { PageImages } from "./salvage-images.ts";

const FREE_LIST_AT = 32;
const LARGEST_ROOT_AT = 52;
/** SQLite locks at this byte; the page that holds it is never used. */
const LOCK_BYTE = 0x4000_0000;

/** The pages that hold nothing of any table, as far as the file's head can tell. */
export function findFreePages(images: PageImages): ReadonlySet<number> {
  const free = new Set<number>();
  const head = images.at(1, Infinity);
  if (head === undefined) return free;
  const mostOnPage = images.pageBytes / 4 - 2;
  let trunk = head.readUInt32BE(FREE_LIST_AT);
  while (trunk > 1 && trunk <= images.lastPage && !free.has(trunk)) {
    const bytes = images.at(trunk, Infinity);
    if (bytes === undefined) break;
    const count = bytes.readUInt32BE(4);
    if (count > mostOnPage) break;
    free.add(trunk);
    for (let index = 0; index < count; index++) free.add(bytes.readUInt32BE(8 + index * 4));
    trunk = bytes.readUInt32BE(0);
  }
  return free;
}

/** Whether the page tells where others are referred from: files that give pages back have one in so many. */
export function isMapPage(images: PageImages, page: number): boolean {
  if (page === Math.floor(LOCK_BYTE / images.pageBytes) + 1) return true;
  if ((images.at(1, Infinity)?.readUInt32BE(LARGEST_ROOT_AT) ?? 0) === 0) return false;
  return page >= 2 && (page - 2) % (Math.floor(images.pageBytes / 5) + 1) === 0;
}

/** Only a table as a whole can be empty, and that of ops never is: roots stand in front of all other pages. */
export function mayBeEmpty(images: PageImages, page: number): boolean {
  const largestRoot = images.at(1, Infinity)?.readUInt32BE(LARGEST_ROOT_AT) ?? 0;
  return page !== OPS_ROOT_PAGE && (largestRoot === 0 || page <= largestRoot);
}
