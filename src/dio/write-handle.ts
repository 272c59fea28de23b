import type { Row } from "../record/index.ts";
import type { WriteHandle } from "./write-contract.ts";

type Result<T> = { readonly value: T } | { readonly error: unknown };

/**
 * What a promise will tell, with the promise made only for who asks. Its rejection is no unhandled one: the
 * same is told by an event.
 */
export class Verdict<T> {
  #result: Result<T> | undefined;
  #asked: PromiseWithResolvers<T> | undefined;

  get isSettled(): boolean {
    return this.#result !== undefined;
  }

  resolve(value: T): void {
    this.#settle({ value });
  }

  reject(error: unknown): void {
    this.#settle({ error });
  }

  get promise(): Promise<T> {
    if (this.#asked === undefined) {
      this.#asked = Promise.withResolvers<T>();
      this.#asked.promise.catch(() => undefined);
      if (this.#result !== undefined) this.#tell(this.#asked, this.#result);
    }
    return this.#asked.promise;
  }

  #settle(result: Result<T>): void {
    if (this.#result !== undefined) return;
    this.#result = result;
    if (this.#asked !== undefined) this.#tell(this.#asked, result);
  }

  #tell(asked: PromiseWithResolvers<T>, result: Result<T>): void {
    if ("error" in result) asked.reject(result.error);
    else asked.resolve(result.value);
  }
}

/** The caller's end of one write. */
export class OpHandle implements WriteHandle {
  readonly opId: string;
  readonly stagedVerdict: Verdict<void> = new Verdict<void>();
  readonly confirmedVerdict: Verdict<Row | undefined> = new Verdict<Row | undefined>();
  readonly #cancel: () => Promise<boolean>;

  constructor(opId: string, cancel: () => Promise<boolean>) {
    this.opId = opId;
    this.#cancel = cancel;
  }

  get staged(): Promise<void> {
    return this.stagedVerdict.promise;
  }

  get confirmed(): Promise<Row | undefined> {
    return this.confirmedVerdict.promise;
  }

  cancel(): Promise<boolean> {
    return this.#cancel();
  }

  /** Ends both promises, as far as they are open. */
  reject(error: unknown): void {
    this.stagedVerdict.reject(error);
    this.confirmedVerdict.reject(error);
  }
}
