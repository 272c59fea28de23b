import type { Entry } from "../../record/index.ts";
import { badAnswer } from "./bad-answer.ts";
import { jsonKind } from "./field-path.ts";
import type { ApiPage } from "./page-requests.ts";

/** Ids that are remembered: enough for any shift of pages, little enough for any walk. */
const MAX_KNOWN_IDS = 100_000;

/** Remembers the rows of a walk, the latest ones of many: where rows move between two pages, some come twice. */
export class KnownIds {
  readonly #idColumn: string;
  /** Each id, and what its cell was. */
  readonly #ids = new Map<string, string>();

  constructor(idColumn: string) {
    this.#idColumn = idColumn;
  }

  /** Those that did not come before. `rejected`: a number and a text that read alike, which are two rows. */
  fresh({ asked }: ApiPage, entries: readonly Entry[]): readonly Entry[] {
    const fresh: Entry[] = [];
    for (const entry of entries) {
      const [id, row] = entry;
      const kind = jsonKind(row[this.#idColumn]);
      const known = this.#ids.get(id);
      if (known === undefined) fresh.push(entry);
      else if (known !== kind) {
        throw badAnswer(asked, `it has two rows of one id, ${known} and ${kind}`, { id });
      }
      this.#ids.set(id, kind);
    }
    for (const oldest of this.#ids.keys()) {
      if (this.#ids.size <= MAX_KNOWN_IDS) break;
      this.#ids.delete(oldest);
    }
    return fresh;
  }
}
