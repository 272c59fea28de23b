import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { DioramaError, type Row, type WriteOp } from "vantage-diorama";

/** once: knows each opId, as a good destination does. log: writes down whatever arrives, as a plain one does. */
export type SinkKind = "once" | "log";

/** done: had its effect. again: had it before. Refusals have no effect. */
export type Outcome = "done" | "again" | "conflict" | "notFound";

export interface Delivery {
  readonly op: WriteOp;
  readonly outcome: Outcome;
  /** Of the process that delivered it. */
  readonly life: number;
}

/** Where the writes of a crash trial go: durable by itself, and true to what it answered. */
export interface CrashSink {
  /** The row as it is stored then. */
  deliver(op: WriteOp, life: number): Row | undefined;
  rows(): Map<string, Row>;
  /** In the order in which they arrived. */
  deliveries(): readonly Delivery[];
  close(): void;
}

export function openCrashSink(folder: string, kind: SinkKind): CrashSink {
  return kind === "once" ? new OnceSink(join(folder, "sink.db")) : new LogSink(join(folder, "sink.log"));
}

/** What an op makes of the rows; the meaning of the kinds, from scratch. */
export function applyTo(rows: Map<string, Row>, op: WriteOp): void {
  switch (op.kind) {
    case "insert":
    case "replace":
      rows.set(op.id, op.row);
      return;
    case "patch": {
      const row = rows.get(op.id);
      if (row !== undefined) rows.set(op.id, Object.assign({ ...row }, op.partial));
      return;
    }
    case "delete":
      rows.delete(op.id);
      return;
    case "deleteAll":
      if (op.ids === undefined) return rows.clear();
      for (const id of op.ids) rows.delete(id);
  }
}

/** Why a strict destination refuses the op. */
function refusalOf(op: WriteOp, rows: ReadonlyMap<string, Row>): "conflict" | "notFound" | undefined {
  if (op.kind === "insert" && rows.has(op.id)) return "conflict";
  if ((op.kind === "patch" || op.kind === "delete") && !rows.has(op.id)) return "notFound";
  return undefined;
}

/** opId, result and effect are one transaction: an op that comes again is answered from what is stored. */
class OnceSink implements CrashSink {
  readonly #database: DatabaseSync;
  readonly #known: StatementSync;
  readonly #arrived: StatementSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;

  constructor(path: string) {
    const database = new DatabaseSync(path, { timeout: 5_000 });
    // The end of a process takes nothing that the system was given: no flush is needed here.
    database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;
      CREATE TABLE IF NOT EXISTS deliveries (place INTEGER PRIMARY KEY, op TEXT, op_id TEXT, outcome TEXT, life INTEGER);
      CREATE UNIQUE INDEX IF NOT EXISTS once ON deliveries (op_id) WHERE outcome = 'done';
      CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, row TEXT)`);
    this.#database = database;
    this.#known = database.prepare("SELECT 1 FROM deliveries WHERE op_id = ? AND outcome = 'done'");
    this.#arrived = database.prepare("INSERT INTO deliveries (op, op_id, outcome, life) VALUES (?, ?, ?, ?)");
    this.#put = database.prepare("INSERT OR REPLACE INTO rows VALUES (?, ?)");
    this.#remove = database.prepare("DELETE FROM rows WHERE id = ?");
  }

  deliver(op: WriteOp, life: number): Row | undefined {
    this.#database.exec("BEGIN IMMEDIATE");
    const before = this.rows();
    const isKnown = this.#known.get(op.opId) !== undefined;
    const refusal = isKnown ? undefined : refusalOf(op, before);
    const outcome: Outcome = isKnown ? "again" : (refusal ?? "done");
    this.#arrived.run(JSON.stringify(op), op.opId, outcome, life);
    const after = new Map(before);
    if (outcome === "done") applyTo(after, op);
    for (const id of before.keys()) if (!after.has(id)) this.#remove.run(id);
    for (const [id, row] of after) if (before.get(id) !== row) this.#put.run(id, JSON.stringify(row));
    this.#database.exec("COMMIT");
    if (refusal !== undefined) throw new DioramaError(refusal, `the sink refuses ${op.opId}: ${refusal}`);
    return op.id === undefined ? undefined : after.get(op.id);
  }

  rows(): Map<string, Row> {
    const stored = this.#database.prepare("SELECT id, row FROM rows").all();
    return new Map(stored.map(({ id, row }) => [String(id), JSON.parse(String(row))]));
  }

  deliveries(): readonly Delivery[] {
    const stored = this.#database.prepare("SELECT op, outcome, life FROM deliveries ORDER BY place").all();
    return stored.map(({ op, outcome, life }) => ({
      op: JSON.parse(String(op)),
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written above
      outcome: String(outcome) as Outcome,
      life: Number(life),
    }));
  }

  close(): void {
    this.#database.close();
  }
}

/** Takes everything, again and again; one line an op. */
class LogSink implements CrashSink {
  readonly #fd: number;
  readonly #deliveries: Delivery[] = [];
  readonly #seen = new Set<string>();
  readonly #rows = new Map<string, Row>();

  constructor(path: string) {
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    for (const line of lines.slice(0, -1)) {
      const { op, life }: { op: WriteOp; life: number } = JSON.parse(line);
      this.#take(op, life);
    }
    this.#fd = openSync(path, "a");
  }

  deliver(op: WriteOp, life: number): Row | undefined {
    writeSync(this.#fd, `${JSON.stringify({ op, life })}\n`);
    this.#take(op, life);
    return op.id === undefined ? undefined : this.#rows.get(op.id);
  }

  rows(): Map<string, Row> {
    return new Map(this.#rows);
  }

  deliveries(): readonly Delivery[] {
    return this.#deliveries;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #take(op: WriteOp, life: number): void {
    this.#deliveries.push({ op, outcome: this.#seen.has(op.opId) ? "again" : "done", life });
    this.#seen.add(op.opId);
    applyTo(this.#rows, op);
  }
}
