/** Can be read whole, and written; nothing else. */
export const wholeOnly = {
  canCount: false,
  canOrder: false,
  canSearch: false,
  canMatch: false,
  canFilter: false,
  canFetchPage: false,
  canFetchNext: false,
  canFetchWindow: false,
  canTraverse: false,
} as const;
