import { vista, type Vista } from "../vista/index.ts";
import type { DioContext } from "./dio-context.ts";
import type { FacadeReads } from "./facade-reads.ts";
import { FacadeSource } from "./facade-source.ts";
import { InOrder } from "./in-order.ts";
import { LetterOffice } from "./letter-office.ts";
import type { Reader } from "./reader.ts";
import type { Run } from "./run.ts";
import { RunReads } from "./run-reads.ts";
import { WriteGate, type WriteGateHost } from "./write-gate.ts";
import type { DeadLetters, WriteHandle, Writer, WriteRequest } from "./writer.ts";

/** The Dio as a Vista: one for everyone, and for each callback one that sees what its run sees. */
export class Facades {
  readonly #context: DioContext;
  readonly #reader: Reader;
  readonly #writer: Writer;
  /** Writes that have to wait for something before they are queued. */
  readonly #turns = new InOrder();
  readonly #source: FacadeSource;
  readonly #vista: Vista;
  /** What is queued and what has failed. */
  readonly letters: DeadLetters;

  constructor(context: DioContext, reader: Reader, writer: Writer) {
    this.#context = context;
    this.#reader = reader;
    this.#writer = writer;
    this.#source = this.#create(reader);
    this.#vista = vista(this.#source);
    this.letters = new LetterOffice(writer, new WriteGate(this.#hostOf(reader)));
  }

  vista(run?: Run): Vista {
    return run === undefined ? this.#vista : vista(this.#sourceIn(run));
  }

  /** Queues a write, or refuses it by throwing. */
  submit(request: WriteRequest, run?: Run): WriteHandle {
    return (run === undefined ? this.#source : this.#sourceIn(run)).submit(request);
  }

  #sourceIn(run: Run): FacadeSource {
    return this.#create(new RunReads(this.#context, run, this.#reader));
  }

  #create(reads: FacadeReads): FacadeSource {
    const { callbacks, facadeOf, writes } = this.#context.options;
    const host = this.#hostOf(reads);
    return new FacadeSource({
      ...host,
      gate: new WriteGate(host),
      turns: this.#turns,
      isOptimistic: writes.optimistic,
      hasRoute: callbacks.onWrite !== undefined || callbacks.onWriteBatch !== undefined,
      facadeOf,
    });
  }

  #hostOf(reads: FacadeReads): WriteGateHost {
    const { name, state } = this.#context;
    return {
      name,
      state,
      reads,
      writer: this.#writer,
      master: () => this.#context.master(),
      assertOpen: () => this.#context.assertOpen(),
    };
  }
}
