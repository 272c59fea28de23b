import { type DioramaError, errorAt } from "../base/index.ts";
import type { SceneryHost } from "./scenery-host.ts";

/** What is ended when its host closes: it says so to its listeners once, and then nothing any more. */
export interface OpenHandle {
  end(error: DioramaError): void;
  /** Its rows may come from elsewhere from now on. */
  followFeed?(): void;
  /** Whether this row is among those that it shows. */
  looksAt?(id: string): boolean;
}

/** The handles of one host that are open, so that they end with it. */
export class OpenHandles {
  readonly #host: SceneryHost;
  readonly #handles = new Set<OpenHandle>();
  #stopNotices: (() => void) | undefined;
  #isClosed = false;

  constructor(host: SceneryHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#handles.size;
  }

  /** Until the returned function is called; throws `closed` where the host is. */
  add(handle: OpenHandle): () => void {
    if (this.#isClosed) throw this.closedError();
    this.#stopNotices ??= this.#host.onNotice((notice) => {
      if (notice === "closed") this.close();
      if (notice === "completeness") for (const each of this.#handles) each.followFeed?.();
    });
    this.#handles.add(handle);
    return () => this.#remove(handle);
  }

  /** Whether a row is on anybody's screen. */
  lookAt(id: string): boolean {
    for (const each of this.#handles) if (each.looksAt?.(id) === true) return true;
    return false;
  }

  /** Ends all of them. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const error = this.closedError();
    for (const handle of this.#handles) handle.end(error);
    this.#handles.clear();
    this.#stop();
  }

  closedError(): DioramaError {
    return errorAt("closed", { vista: this.#host.name }, "it is closed");
  }

  #remove(handle: OpenHandle): void {
    this.#handles.delete(handle);
    if (this.#handles.size === 0) this.#stop();
  }

  #stop(): void {
    this.#stopNotices?.();
    this.#stopNotices = undefined;
  }
}
