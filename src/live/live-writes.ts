import {
  abortable,
  type Clock,
  type DioramaError,
  errorAt,
  isDioramaError,
  linkSignals,
  toDioramaError,
  uuidV7,
} from "../base/index.ts";
import type { Entry, Row } from "../record/index.ts";
import {
  type ChangeEvent,
  checkRow,
  requireCapability,
  validateRow,
  type Vista,
  type WriteKind,
  type WriteOptions,
} from "../vista/index.ts";
import { atMost } from "./at-most.ts";
import type { LiveSteps } from "./live-steps.ts";
import { WriteTurns } from "./write-turns.ts";

/** How long `close` waits for the write that has begun. */
const LAST_WRITE_MS = 5_000;

export interface LiveWritesHost {
  readonly target: Vista;
  readonly steps: LiveSteps;
  readonly clock: Clock;
  /** A write is about to be sent. Never rejects. */
  begin(): Promise<void>;
  /** It was sent: everything that is cached may be wrong now. Never rejects. */
  invalidate(): Promise<void>;
  /** It was not sent. */
  spare(): void;
  /** For those who watch. */
  tell(change: ChangeEvent<object>): void;
}

interface Write<T> {
  readonly op: WriteKind | "add";
  readonly id: string | undefined;
  send(call: WriteOptions): Promise<T>;
  changeOf(answer: T): ChangeEvent;
}

/** Writes through to the target. Nobody hears of success before the cache is rid of what was there before. */
export class LiveWrites {
  readonly #host: LiveWritesHost;
  readonly #turns: WriteTurns;
  readonly #ending = new AbortController();

  constructor(host: LiveWritesHost) {
    this.#host = host;
    this.#turns = new WriteTurns(host.target.name);
  }

  insert(id: string, row: Row, call: WriteOptions): Promise<Row> {
    const { target } = this.#host;
    return this.#run(call, {
      op: "insert",
      id,
      send: (inner) => target.insert(id, row, inner),
      changeOf: (stored) => ({ type: "inserted", id, row: stored }),
    });
  }

  /** Under an id of the target's choice. */
  add(row: Partial<Row>, call: WriteOptions): Promise<Entry> {
    return this.#run(call, {
      op: "add",
      id: undefined,
      send: (inner) => this.#sendAdd(row, inner),
      changeOf: ([id, stored]) => ({ type: "inserted", id, row: stored }),
    });
  }

  replace(id: string, row: Row, call: WriteOptions): Promise<Row> {
    const { target } = this.#host;
    return this.#run(call, {
      op: "replace",
      id,
      send: (inner) => target.replace(id, row, inner),
      changeOf: (stored) => ({ type: "updated", id, row: stored }),
    });
  }

  patch(id: string, partial: Partial<Row>, call: WriteOptions): Promise<Row> {
    const { target } = this.#host;
    return this.#run(call, {
      op: "patch",
      id,
      send: (inner) => target.patch(id, partial, inner),
      changeOf: (stored) => ({ type: "updated", id, row: stored }),
    });
  }

  delete(id: string, call: WriteOptions): Promise<void> {
    const { target } = this.#host;
    return this.#run(call, {
      op: "delete",
      id,
      send: (inner) => target.delete(id, inner),
      changeOf: () => ({ type: "deleted", id }),
    });
  }

  deleteAll(call: WriteOptions): Promise<void> {
    const { target } = this.#host;
    return this.#run(call, {
      op: "deleteAll",
      id: undefined,
      send: (inner) => target.deleteAll(inner),
      changeOf: () => ({ type: "invalidated" }),
    });
  }

  /** What waits rejects with the error; what has begun has 5 seconds, then it is aborted. */
  async close(reason: DioramaError): Promise<void> {
    const done = this.#turns.close(reason);
    await atMost(done, this.#host.clock, LAST_WRITE_MS);
    this.#ending.abort(reason);
    // A cache that hangs in the drop holds nobody up.
    await atMost(done, this.#host.clock, LAST_WRITE_MS);
  }

  async #run<T>(call: WriteOptions, write: Write<T>): Promise<T> {
    const { steps } = this.#host;
    const opId = call.opId ?? uuidV7();
    const told = { op: write.op, opId, id: write.id };
    const work = async (): Promise<T> => {
      const answer = await this.#send(write, { opId, signal: call.signal });
      steps.tell({ kind: "writeConfirmed", ...told });
      this.#host.tell({ ...write.changeOf(answer), opId });
      return answer;
    };
    steps.tell({ kind: "writeQueued", ...told });
    try {
      return await this.#turns.run(work, call.signal);
    } catch (thrown) {
      const error = toDioramaError(thrown, "unavailable", `${this.#host.target.name}: the write failed`);
      steps.tell({ kind: "writeFailed", ...told, error });
      throw thrown;
    }
  }

  async #send<T>(write: Write<T>, call: WriteOptions): Promise<T> {
    const linked = linkSignals(call.signal, this.#ending.signal);
    try {
      await abortable(this.#host.begin(), linked.signal);
      const answer = await write.send({ ...call, signal: linked.signal });
      await this.#host.invalidate();
      return answer;
    } catch (error) {
      if (mayHaveHappened(error)) await this.#host.invalidate();
      else this.#host.spare();
      throw error;
    } finally {
      linked.release();
    }
  }

  /** Of the source itself, since a vista answers only with the id; checked as a vista does. */
  async #sendAdd(row: Partial<Row>, call: WriteOptions): Promise<Entry> {
    const { source, schema, name } = this.#host.target;
    requireCapability(source, "canInsert", "insert");
    const checked = checkRow(schema, undefined, row, { vista: name });
    const entry = await abortable(Promise.resolve(source.add?.(checked, call)), call.signal);
    const [id, stored] = entry ?? [];
    if (typeof id !== "string" || id === "" || typeof stored !== "object" || stored === null) {
      throw errorAt("rejected", { vista: name }, "the source answered wrongly: an entry [id, row] was due");
    }
    const { validator } = source;
    return [id, validator === undefined ? stored : await validateRow(validator, stored, storedAt(name, id))];
  }
}

/** Refused before anything was sent: then what is cached is as right as before. */
function mayHaveHappened(error: unknown): boolean {
  return !isDioramaError(error, "invalid", "unsupported", "unimplemented");
}

function storedAt(vista: string, id: string): { vista: string; id: string; code: "rejected" } {
  return { vista, id, code: "rejected" };
}
