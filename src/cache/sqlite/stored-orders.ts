import { DioramaError, messageOf } from "../../base/index.ts";
import type { OrderFolder } from "./order-folder.ts";

/** System errors that mean: no room. */
const NO_ROOM: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** The worker's calls on orders: held against the edition of the rows, failures told as what they are. */
export class StoredOrders {
  readonly #folder: OrderFolder;
  readonly #editionOf: (table: string) => number | undefined;

  /** `editionOf` answers for tables that are open, with an edition drawn. */
  constructor(folder: OrderFolder, editionOf: (table: string) => number | undefined) {
    this.#folder = folder;
    this.#editionOf = editionOf;
  }

  read(table: string, name: string, edition: number, block: number): Uint8Array<ArrayBuffer> | undefined {
    return guard(() => this.#folder.read({ table, name, edition }, block));
  }

  begin(table: string, name: string, edition: number): number | undefined {
    return guard(() => {
      if (this.#edition(table) !== edition) return undefined;
      return this.#folder.begin({ table, name, edition });
    });
  }

  append(writing: number, bytes: Uint8Array): boolean {
    return guard(() => this.#folder.append(writing, bytes));
  }

  end(table: string, writing: number): boolean {
    return guard(() => this.#folder.end(writing, this.#edition(table)));
  }

  giveUp(writing: number): void {
    guard(() => this.#folder.giveUp(writing));
  }

  drop(table: string, name: string): void {
    guard(() => this.#folder.drop(table, name));
  }

  names(table: string): readonly string[] {
    return guard(() => {
      const edition = this.#edition(table);
      return edition === undefined ? [] : this.#folder.names(table, edition);
    });
  }

  /** A table of an older file has no edition before its first change: its orders could not be told from others. */
  #edition(table: string): number | undefined {
    const edition = this.#editionOf(table);
    return edition === 0 ? undefined : edition;
  }
}

function guard<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const isFull = error instanceof Error && "code" in error && NO_ROOM.has(error.code);
    const message = `the order can't be kept (${messageOf(error)})`;
    throw new DioramaError(isFull ? "full" : "unavailable", message, { cause: error });
  }
}
