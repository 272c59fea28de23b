/** Ids that are remembered at most; with more rows than that, nothing is known of any. */
const MAX_IDS = 1_000_000;

/**
 * Which cached lists (pages, the first row) may hold an id: more of them than do, never fewer. Known only of what
 * was put since the lists were dropped as a whole.
 */
export class PageIndex {
  #lists = new Map<string, string | Set<string>>();
  #names = new Set<string>();
  #isComplete = false;
  #isWanted = false;
  readonly #maxIds: number;

  constructor(maxIds: number = MAX_IDS) {
    this.#maxIds = maxIds;
  }

  /** Whether every cached list is in it. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The lists that are cached, or were. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** Somebody will ask: from the next beginning on ids are noted. */
  want(): void {
    this.#isWanted = true;
  }

  /** No list is cached now: from here on everything is known. */
  begin(): void {
    this.forget();
    this.#isComplete = this.#isWanted;
  }

  /** Lists may be cached of which nothing is known. */
  forget(): void {
    this.#lists = new Map();
    this.#names = new Set();
    this.#isComplete = false;
  }

  note(list: string, ids: Iterable<string>): void {
    if (!this.#isComplete) return;
    this.#names.add(list);
    for (const id of ids) {
      const held = this.#lists.get(id);
      if (held === undefined) this.#lists.set(id, list);
      else if (typeof held !== "string") held.add(list);
      else if (held !== list) this.#lists.set(id, new Set([held, list]));
    }
    if (this.#lists.size > this.#maxIds) this.forget();
  }

  /** The list is cached no more. Its ids stay noted: too many is no harm. */
  drop(list: string): void {
    this.#names.delete(list);
  }

  /** The cached lists that may hold the id. */
  listsOf(id: string): readonly string[] {
    const held = this.#lists.get(id);
    if (held === undefined) return [];
    const lists = typeof held === "string" ? [held] : [...held];
    return lists.filter((list) => this.#names.has(list));
  }
}
