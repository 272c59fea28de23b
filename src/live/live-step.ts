import type { DioramaError } from "../base/index.ts";
import type { WriteKind } from "../vista/index.ts";
import type { LiveEvent } from "./live-stream.ts";

/** Which entry a step is about: the whole cache key, and the page or record where it is about one. */
export interface LivePlace {
  /** Whole, as the cache has it: `clients/page_2`. */
  readonly key: string;
  readonly page?: number | undefined;
  readonly id?: string | undefined;
}

/** What a LiveTable does, as it does it: for logs, demonstrations and tests. */
export type LiveStep =
  /** Served from the cache; `stale`: older than the ttl, and being read again behind. */
  | (LivePlace & { readonly kind: "hit"; readonly ageMs: number; readonly isStale: boolean })
  /** The master is asked. */
  | (LivePlace & { readonly kind: "miss" })
  /** The master answered; `isKept`: false where an invalidation came in between. */
  | (LivePlace & {
      readonly kind: "fetched";
      readonly rowCount: number;
      readonly tookMs: number;
      readonly isKept: boolean;
    })
  | (LivePlace & { readonly kind: "fetchFailed"; readonly error: DioramaError })
  /** The cache could not be read or written: the master's answer is served all the same. */
  | (LivePlace & { readonly kind: "cacheFailed"; readonly error: DioramaError })
  | {
      readonly kind: "writeQueued" | "writeConfirmed";
      readonly op: WriteKind | "add";
      readonly opId: string;
      readonly id: string | undefined;
    }
  | {
      readonly kind: "writeFailed";
      readonly op: WriteKind | "add";
      readonly opId: string;
      readonly id: string | undefined;
      readonly error: DioramaError;
    }
  | {
      readonly kind: "invalidated";
      /** What is gone, as cache keys or prefixes. */
      readonly prefixes: readonly string[];
      readonly cause: "write" | "event" | "streamLost" | "call";
    }
  | { readonly kind: "eventReceived"; readonly event: LiveEvent }
  | { readonly kind: "streamLost"; readonly error: DioramaError };
