import { type DioramaError, isDioramaError } from "../base/index.ts";
import { cacheRootOf, openCacheFolder, type SourceIdentity } from "./cache-folders.ts";
import type { Frame } from "./frame.ts";
import { safeText } from "./safe-text.ts";

/** Where the copy of a source is kept for this command. */
export class CopyFolder {
  readonly #frame: Frame;
  /** It was named, or holds what must not be lost: doing without it silently would be wrong. */
  readonly #isNamed: boolean;
  readonly #isNeeded: boolean;
  #path: string | undefined;

  constructor(
    frame: Frame,
    identity: SourceIdentity,
    { cache, isNeeded }: { readonly cache: string | undefined; readonly isNeeded: boolean },
  ) {
    this.#frame = frame;
    this.#isNamed = cache !== undefined || (frame.terminal.env["DIORAMA_CACHE"] ?? "") !== "";
    this.#isNeeded = isNeeded;
    const root = cacheRootOf(frame, cache);
    try {
      this.#path = root === undefined ? undefined : openCacheFolder(root, identity, frame.clock.now()).path;
    } catch (error) {
      if (!isDioramaError(error)) throw error;
      this.doWithout(error);
    }
  }

  /** `undefined`: in memory. */
  get path(): string | undefined {
    return this.#path;
  }

  /** Goes on in memory, and says so; throws the error again where that would be wrong. */
  doWithout(error: DioramaError): void {
    const isBearable = error.code === "inUse" || (!this.#isNamed && UNUSABLE.has(error.code));
    if (this.#isNeeded || !isBearable) throw error;
    this.#path = undefined;
    this.#frame.note(`kept in memory for this time: ${safeText(error.message)}`);
  }
}

/** Of a folder that can't be made, locked or written, or is on a network. */
const UNUSABLE: ReadonlySet<DioramaError["code"]> = new Set([
  "invalid",
  "unsupported",
  "full",
  "unavailable",
]);
