import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock, Lens, LensBuilder, QueuedOp, Row } from "vantage-diorama";
import { openDurable } from "../../src/durable/index.ts";
import type { Files } from "./model-files.ts";

interface Content {
  readonly rows: ReadonlyMap<string, Row>;
  readonly isComplete: boolean;
  readonly isClean: boolean;
  readonly ops: readonly QueuedOp[];
}

const empty: Content = { rows: new Map(), isComplete: false, isClean: true, ops: [] };

/** Folders on the disk: a crash is a copy of the files of a Lens that goes on, and is never looked at again. */
export class ModelFolder implements Files {
  readonly isReal = true;
  readonly #root = mkdtempSync(path.join(tmpdir(), "diorama-model-"));
  readonly #clock: Clock;
  #life = 0;
  #content = new Map<string, Content>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isAlive(): () => boolean {
    const life = this.#life;
    return () => life === this.#life;
  }

  clock(): Clock {
    return this.#clock;
  }

  configure(builder: LensBuilder<Lens>): LensBuilder<Lens> {
    return builder.cacheAt(this.#folder);
  }

  async crash(abandon: () => Promise<void>, tables: readonly string[]): Promise<void> {
    const from = this.#folder;
    this.#life += 1;
    copyFiles(from, this.#folder);
    // What it still writes, it writes to the old files.
    await abandon();
    await this.#look(tables);
  }

  rows(table: string): ReadonlyMap<string, Row> {
    return this.#of(table).rows;
  }

  isComplete(table: string): boolean {
    return this.#of(table).isComplete;
  }

  isClean(table: string): boolean {
    return this.#of(table).isClean;
  }

  ops(table: string): readonly QueuedOp[] {
    return this.#of(table).ops;
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  get #folder(): string {
    return path.join(this.#root, String(this.#life));
  }

  #of(table: string): Content {
    return this.#content.get(table) ?? empty;
  }

  async #look(tables: readonly string[]): Promise<void> {
    const { cache, queues, close } = await openDurable(this.#folder);
    try {
      this.#content = new Map();
      for (const name of tables) {
        const table = await cache.openTable(name);
        const rows = new Map<string, Row>();
        for await (const batch of table.scan(100)) for (const { id, row } of batch) rows.set(id, row);
        const { kept } = await queues.openQueue(name);
        this.#content.set(name, {
          rows,
          isComplete: table.meta.complete,
          isClean: table.meta.clean,
          ops: kept,
        });
      }
    } finally {
      await close();
    }
  }
}

/** The log first: whatever of it goes into the file meanwhile is in both copies then. */
function copyFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  const isOurs = (name: string): boolean => /^(?:cache|queue)\.db(?:-wal)?$/.test(name);
  const names = readdirSync(from).filter(isOurs);
  for (const name of names.toSorted((a, b) => b.length - a.length))
    cpSync(path.join(from, name), path.join(to, name));
}
