import { DioramaError, type ErrorCode } from "../base/index.ts";
import { checkId, type Row } from "../record/index.ts";
import { checkPartial, checkRow, validateRow, type Vista, type WriteOp } from "../vista/index.ts";
import type { DioState } from "./dio-state.ts";
import type { FacadeReads } from "./facade-reads.ts";
import { mergeRow } from "./overlay.ts";
import type { WriteEdit, Writer, WriteRequest } from "./writer.ts";

export interface WriteGateHost {
  readonly name: string;
  readonly state: DioState;
  readonly writer: Writer;
  /** What the writer reads: in a callback, its own rows. */
  readonly reads: FacadeReads;
  master(): Vista;
  assertOpen(): void;
}

/** A write that may be queued, and what its row looks like after it. */
export interface Admitted {
  readonly request: WriteRequest;
  readonly shown: Row;
}

/**
 * What is refused before it is queued: bad rows, and what the visible rows or completeness decide. Answers at
 * once wherever nothing has to be waited for, so that writes are queued in the order of their calls.
 */
export class WriteGate {
  readonly #host: WriteGateHost;

  constructor(host: WriteGateHost) {
    this.#host = host;
  }

  /** Whether the row of that id can be judged without waiting. */
  knows(id: string): boolean {
    return this.#host.state.store.knows(id);
  }

  /** Makes it so. */
  know(id: string): Promise<void> {
    return this.#host.state.store.ensure([id]);
  }

  /** A request from outside: its names and values are checked first. */
  check(request: WriteRequest): WriteRequest {
    const { schema } = this.#host.master();
    const place = { vista: this.#host.name };
    switch (request.kind) {
      case "insert":
      case "replace": {
        const id = checkId(request.id, place);
        return { ...request, row: checkRow(schema, id, request.row, { ...place, id }) };
      }
      case "patch": {
        const id = checkId(request.id, place);
        return { ...request, partial: checkPartial(schema, id, request.partial, { ...place, id }) };
      }
      case "delete":
        checkId(request.id, place);
        return request;
      case "deleteAll":
        for (const id of request.ids ?? []) checkId(id, place);
        return request;
      default:
        throw this.#unknownKind(request);
    }
  }

  /** A dead letter with another content, checked as a write is; what only its destination can say is left to it. */
  async checkEdit(letter: WriteOp, change: WriteEdit): Promise<WriteRequest> {
    this.#host.assertOpen();
    const { kind } = letter;
    // Callers without a compiler may hand over anything.
    const { row, partial }: Partial<WriteEdit> = Object(change);
    switch (kind) {
      case "insert":
      case "replace": {
        if (row === undefined || partial !== undefined) throw this.#badEdit(kind, "{ row }");
        const request = this.check({ kind, id: letter.id, row });
        if (request.kind !== kind) return request;
        return { ...request, row: await this.#validate(letter.id, request.row) };
      }
      case "patch": {
        if (partial === undefined || row !== undefined) throw this.#badEdit(kind, "{ partial }");
        const request = this.check({ kind, id: letter.id, partial });
        const base = this.#visible(letter.id);
        if (base !== undefined && request.kind === kind)
          await this.#validate(letter.id, mergeRow(base, request.partial));
        return request;
      }
      case "delete":
      case "deleteAll":
        throw this.#badEdit(kind, "nothing, and retry or discard it");
    }
  }

  /** The request as it may be queued; `conflict`, `notFound` or `invalid` where that is certain now. */
  admit(request: WriteRequest): Admitted | Promise<Admitted> {
    this.#host.assertOpen();
    // The same op again is the same op: its first time decided what there was to refuse.
    const isQueued = request.opId !== undefined && this.#host.writer.has(request.opId);
    switch (request.kind) {
      case "insert":
        if (!isQueued && this.#visible(request.id) !== undefined)
          throw this.#refusal("conflict", request.id, "there is a row of this id already");
        return this.#admitRow(request);
      case "replace":
        return this.#admitRow(request);
      case "patch":
        return this.#admitPatch(request, isQueued);
      case "delete":
        if (!isQueued) this.#demand(request.id);
        return { request, shown: {} };
      case "deleteAll":
        return { request, shown: {} };
    }
  }

  /** As `admit`, for who can't wait. */
  admitNow(request: WriteRequest): Admitted {
    const admitted = this.admit(request);
    if (!(admitted instanceof Promise)) return admitted;
    admitted.catch(() => undefined);
    const { name } = this.#host;
    const message = `${name}: its validator answers later, and submit() can't wait for it; use vista().${request.kind}()`;
    throw new DioramaError("unsupported", message, { place: { vista: name } });
  }

  #admitRow(request: Extract<WriteRequest, { kind: "insert" | "replace" }>): Admitted | Promise<Admitted> {
    const valid = this.#validate(request.id, request.row);
    const admitted = (row: Row): Admitted => ({ request: { ...request, row }, shown: row });
    return valid instanceof Promise ? valid.then(admitted) : admitted(valid);
  }

  #admitPatch(
    request: Extract<WriteRequest, { kind: "patch" }>,
    isQueued: boolean,
  ): Admitted | Promise<Admitted> {
    const base = isQueued ? this.#visible(request.id) : this.#demand(request.id);
    // Over a row that is not here the patch is all that is known of it, and no row to be validated.
    const shown = mergeRow(base ?? {}, request.partial);
    const valid = base === undefined ? shown : this.#validate(request.id, shown);
    const admitted = { request, shown };
    return valid instanceof Promise ? valid.then(() => admitted) : admitted;
  }

  #visible(id: string): Row | undefined {
    return this.#host.reads.visible(id);
  }

  /** The visible row; `notFound` where it is certain that there is none. */
  #demand(id: string): Row | undefined {
    const row = this.#visible(id);
    if (row === undefined && this.knows(id) && this.#host.reads.decidesAbsence(id)) {
      throw this.#refusal("notFound", id, "there is no row of this id");
    }
    return row;
  }

  /** What the master's validator makes of the row: refused here, and not when it is sent. */
  #validate(id: string, row: Row): Row | Promise<Row> {
    const { validator } = this.#host.master().source;
    return validator === undefined
      ? row
      : validateRow(validator, row, { vista: this.#host.name, id, code: "invalid" });
  }

  #refusal(code: ErrorCode, id: string, why: string): DioramaError {
    return new DioramaError(code, `${this.#host.name}, id ${JSON.stringify(id)}: ${why}`, {
      place: { vista: this.#host.name, id },
    });
  }

  #badEdit(kind: string, what: string): DioramaError {
    const { name } = this.#host;
    const message = `${name}: edit() of a dead letter: it is a ${kind}, so give ${what}`;
    return new DioramaError("invalid", message, { place: { vista: name } });
  }

  /** Callers without a compiler may hand over anything. */
  #unknownKind({ kind }: { readonly kind: string }): DioramaError {
    const { name } = this.#host;
    const message = `${name}: ${JSON.stringify(kind)} is no kind of write; give insert, replace, patch, delete or deleteAll`;
    return new DioramaError("invalid", message, { place: { vista: name } });
  }
}
