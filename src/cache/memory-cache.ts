import type { CacheBackend, CacheTable } from "./cache-backend.ts";
import { type MemoryContent, MemoryTable, blankContent } from "./memory-table.ts";
import { OpenTables } from "./open-tables.ts";

/** A cache in this process: tables survive being closed and opened again, and end with the backend. */
export function createMemoryCache(): CacheBackend {
  return new MemoryCache();
}

class MemoryCache implements CacheBackend {
  readonly kind = "memory";
  readonly durable = false;
  readonly keeps = true;
  readonly #contents = new Map<string, MemoryContent>();
  readonly #open = new OpenTables<MemoryTable>("the memory cache");

  async openTable(name: string): Promise<CacheTable> {
    this.#open.reserve(name, "opened");
    let content = this.#contents.get(name);
    if (content === undefined) this.#contents.set(name, (content = blankContent()));
    return this.#open.add(name, new MemoryTable(name, content, () => this.#open.remove(name)));
  }

  async dropTable(name: string): Promise<void> {
    this.#open.mustBeFree(name, "dropped");
    this.#contents.delete(name);
  }

  async tableNames(): Promise<readonly string[]> {
    this.#open.mustRun();
    return [...this.#contents.keys()];
  }

  async close(): Promise<void> {
    await this.#open.end();
    this.#contents.clear();
  }
}
