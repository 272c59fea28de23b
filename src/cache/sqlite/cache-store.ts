import { DioramaError, isDioramaError, messageOf } from "../../base/index.ts";
import { CacheFile, type CacheFileSettings } from "./cache-file.ts";
import { OrderFolder, type OrderFolderSettings } from "./order-folder.ts";
import type { TableState, WritePart, Written } from "./protocol.ts";
import type { RowPacket } from "./row-packet.ts";
import { Damage, damageOf, rollBack, toCallError } from "../../sqlite/index.ts";
import { StoredOrders } from "./stored-orders.ts";
import { StoredTable } from "./stored-table.ts";
import { drawEdition, type RegistryEntry, TableRegistry } from "./table-registry.ts";

/** A table that somebody holds open. */
interface OpenTable {
  readonly stored: StoredTable;
  meta: Uint8Array<ArrayBuffer> | undefined;
  /** Of the rows that are committed. */
  edition: number;
}

interface Transaction {
  readonly number: number;
  readonly name: string;
  readonly table: OpenTable;
  /** Rows may have changed in it. */
  changesRows: boolean;
  clears: boolean;
}

/** Everything that happens in the worker: tables of the one file, one transaction at a time, damage contained. */
export class CacheStore {
  readonly orders: StoredOrders;
  readonly #folder: OrderFolder;
  readonly #file: CacheFile;
  readonly #notice: (text: string) => void;
  readonly #open = new Map<string, OpenTable>();
  /** Held open, and emptied by damage that their holders have not been told of yet. */
  readonly #damaged = new Map<string, string>();
  #transaction: Transaction | undefined;

  constructor(settings: CacheFileSettings & OrderFolderSettings) {
    this.#file = new CacheFile(settings);
    this.#notice = settings.onNotice;
    this.#folder = new OrderFolder(settings);
    this.orders = new StoredOrders(this.#folder, (table) => this.#open.get(table)?.edition);
  }

  openFile(): void {
    this.#guard(undefined, () => undefined);
    this.#folder.sweep();
  }

  tableNames(): readonly string[] {
    return this.#guard(undefined, () => new TableRegistry(this.#file.database).names());
  }

  openTable(name: string): TableState {
    return this.#guard(undefined, () => {
      let lost: string | undefined;
      let table: OpenTable;
      try {
        const found = new TableRegistry(this.#file.database).find(name);
        table = found === undefined ? this.#create(name) : this.#hold(name, found);
        if (found === undefined) lost = this.#file.lost;
      } catch (error) {
        const damage = damageOf(error);
        if (damage === undefined) throw error;
        lost = this.#giveUp(name, damage);
        this.#damaged.delete(name);
        table = this.#table(name);
      }
      const { meta, stored, edition } = table;
      return { meta, rowCount: stored.tally.rowCount, edition, lost };
    });
  }

  closeTable(name: string): void {
    this.#open.delete(name);
    this.#damaged.delete(name);
  }

  dropTable(name: string): void {
    this.#guard(undefined, () => {
      this.#inTransaction(() => new TableRegistry(this.#file.database).drop(name));
      this.#folder.dropAll(name);
    });
  }

  get(name: string, ids: readonly string[]): RowPacket {
    return this.#guard(name, () => this.#table(name).stored.get(ids));
  }

  startScan(name: string): number {
    return this.#guard(name, () => this.#table(name).stored.startScan());
  }

  nextScan(name: string, scan: number, limit: number): RowPacket {
    return this.#guard(name, () => this.#table(name).stored.nextScan(scan, limit));
  }

  endScan(name: string, scan: number): void {
    this.#open.get(name)?.stored.endScan(scan);
  }

  giveUp(name: string, reason: string): void {
    this.#guard(name, () => {
      throw new Damage(reason, false);
    });
  }

  write(part: WritePart): Written {
    return this.#guard(part.table, () => {
      const transaction = part.first ? this.#begin(part) : this.#continue(part);
      const { table } = transaction;
      const { stored } = table;
      transaction.clears ||= part.clear;
      transaction.changesRows ||= part.clear || part.deletes.length > 0 || part.packet !== undefined;
      if (part.clear) stored.clear();
      stored.delete(part.deletes);
      if (part.packet !== undefined) stored.put(part.packet);
      if (part.last) this.#commit(part);
      return { rowCount: stored.tally.rowCount, edition: table.edition };
    });
  }

  rollback(transaction: number): void {
    if (this.#transaction?.number === transaction) this.#rollback();
  }

  close(): void {
    this.#rollback();
    this.#folder.close();
    this.#open.clear();
    this.#file.close();
  }

  #begin(part: WritePart): Transaction {
    const table = this.#table(part.table);
    this.#file.database.exec("BEGIN IMMEDIATE");
    this.#transaction = {
      number: part.transaction,
      name: part.table,
      table,
      changesRows: false,
      clears: false,
    };
    return this.#transaction;
  }

  #continue(part: WritePart): Transaction {
    if (this.#transaction?.number === part.transaction) return this.#transaction;
    throw new DioramaError("unavailable", "an earlier part of the transaction failed");
  }

  #commit(part: WritePart): void {
    const { table, changesRows, clears } = this.#continue(part);
    const { stored } = table;
    const { number, tally } = stored;
    const meta = part.meta ?? table.meta;
    const edition = changesRows || table.edition === 0 ? drawEdition() : table.edition;
    const { database } = this.#file;
    new TableRegistry(database).write(part.table, { number, tally, edition, meta });
    database.exec("COMMIT");
    this.#transaction = undefined;
    table.meta = meta;
    table.edition = edition;
    stored.committed();
    if (clears) this.#folder.dropAll(part.table);
  }

  #rollback(): void {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    if (transaction === undefined) return;
    transaction.table.stored.rolledBack();
    if (this.#file.isOpen) rollBack(this.#file.database);
  }

  /** A table that its holder calls by name: also after the worker was started anew. */
  #table(name: string): OpenTable {
    const damaged = this.#damaged.get(name);
    if (damaged !== undefined) {
      this.#damaged.delete(name);
      throw corrupt(name, damaged);
    }
    const open = this.#open.get(name);
    if (open !== undefined) return open;
    const found = new TableRegistry(this.#file.database).find(name);
    if (found !== undefined) return this.#hold(name, found);
    this.#create(name);
    throw corrupt(name, this.#file.lost ?? "the table is gone from the file");
  }

  #hold(name: string, entry: RegistryEntry): OpenTable {
    const stored = new StoredTable(this.#file.database, name, entry.number, entry.tally);
    const table = { stored, meta: entry.meta, edition: entry.edition };
    this.#open.set(name, table);
    return table;
  }

  #create(name: string): OpenTable {
    this.#folder.dropAll(name);
    return this.#hold(
      name,
      this.#inTransaction(() => new TableRegistry(this.#file.database).create(name)),
    );
  }

  /** Runs one call: opens the file where needed, contains damage, leaves no transaction behind a failure. */
  #guard<T>(name: string | undefined, call: () => T): T {
    try {
      this.#file.open();
      return call();
    } catch (error) {
      throw this.#contain(name, error);
    }
  }

  /** What the caller is told, once everything is in order again. */
  #contain(name: string | undefined, error: unknown): DioramaError {
    try {
      if (this.#transaction?.name === name || damageOf(error) !== undefined) this.#rollback();
    } catch (rollbackError) {
      return this.#containDamage(name, new Damage(messageOf(rollbackError), true, rollbackError));
    }
    if (isDioramaError(error)) return error;
    const damage = damageOf(error);
    if (damage === undefined) return toCallError(error, this.#file.path);
    return this.#containDamage(name, damage);
  }

  #containDamage(name: string | undefined, damage: Damage): DioramaError {
    try {
      if (name === undefined) {
        this.#giveUpFile(damage.message);
        return corrupt(undefined, damage.message);
      }
      const reason = this.#giveUp(name, damage);
      this.#damaged.delete(name);
      return corrupt(name, reason);
    } catch (error) {
      return toCallError(error, this.#file.path);
    }
  }

  /** Empties the table, or the file where that is not enough; the reason for people. */
  #giveUp(name: string, damage: Damage): string {
    if (!damage.wholeFile && this.#file.isSound()) {
      try {
        this.#create(name);
        this.#notice(`cache table ${JSON.stringify(name)} is damaged (${damage.message}) and was emptied`);
        return damage.message;
      } catch (error) {
        if (damageOf(error) === undefined) throw error;
      }
    }
    this.#open.delete(name);
    this.#giveUpFile(damage.message);
    this.#create(name);
    return damage.message;
  }

  #giveUpFile(reason: string): void {
    const held = [...this.#open.keys()];
    this.#open.clear();
    this.#transaction = undefined;
    for (const name of held) this.#damaged.set(name, reason);
    this.#file.setAside(reason);
    for (const name of held) this.#create(name);
  }

  /** A change of the table list. One that damage forces ends another table's transaction, which is then tried again. */
  #inTransaction<T>(work: () => T): T {
    this.#rollback();
    const { database } = this.#file;
    database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      database.exec("COMMIT");
      return result;
    } catch (error) {
      rollBack(database);
      throw error;
    }
  }
}

function corrupt(table: string | undefined, reason: string): DioramaError {
  const what = table === undefined ? "the cache file" : `cache table ${JSON.stringify(table)}`;
  return new DioramaError(
    "corrupt",
    `${what} was damaged (${reason}); it is empty now and has to be filled again`,
    { place: { vista: table } },
  );
}
