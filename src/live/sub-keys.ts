/** What the sub-keys of pages begin with. */
export const PAGE = "page_";
/** The sub-key of the first row, where page 1 is not held. */
export const FIRST = "first";
export const COUNT = "count";
/** What the sub-keys of records begin with. */
const RECORD = "id/";

/** Pages count from 1. */
export function pageKey(number: number): string {
  return `${PAGE}${number}`;
}

export function recordKey(id: string): string {
  return `${RECORD}${id}`;
}

/** Whether rows stand there by their place: a page, or the first row. */
export function isList(subKey: string): boolean {
  return subKey === FIRST || subKey.startsWith(PAGE);
}
