/** What a token of a walk is made of, unchecked; nothing where it is no list. */
export function parseToken(token: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(token);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    // No token of ours: the caller says so.
    return [];
  }
}
