/** Up to this share of all, keeping the first few apart is cheaper than sorting everything. */
const MAX_SHARE = 0.25;

/** The first `count` of the items in their order. May reorder `items`. */
export function takeFirst<T extends object>(items: T[], count: number, compare: (a: T, b: T) => number): T[] {
  if (count <= 0) return [];
  if (count > items.length * MAX_SHARE) return items.sort(compare).slice(0, count);
  // A heap whose root is the last of the first ones: most items behind it are refused by one comparison.
  const heap = items.slice(0, count).sort((a, b) => compare(b, a));
  for (let index = count; index < items.length; index++) {
    const item = items[index];
    const root = heap[0];
    if (item !== undefined && root !== undefined && compare(item, root) < 0) replaceRoot(heap, item, compare);
  }
  return heap.sort(compare);
}

/** Puts the item in place of the root and lets it sink below those that stand behind it. */
function replaceRoot<T extends object>(heap: T[], item: T, compare: (a: T, b: T) => number): void {
  let hole = 0;
  for (;;) {
    let next = 2 * hole + 1;
    let child = heap[next];
    const sibling = heap[next + 1];
    if (child !== undefined && sibling !== undefined && compare(sibling, child) > 0) {
      child = sibling;
      next++;
    }
    if (child === undefined || compare(item, child) >= 0) break;
    heap[hole] = child;
    hole = next;
  }
  heap[hole] = item;
}
