import { yieldToLoop } from "../base/index.ts";
import type { Dio } from "../dio/index.ts";
import type { Row } from "../record/index.ts";

export interface FillProgress {
  /** Rows read from the master so far. */
  readonly rows: number;
}

export interface FillCall {
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (progress: FillProgress) => void;
}

/**
 * Copies the master into the cache, publishing page by page, so that views fill while it runs. At the end
 * rows that the master no longer has are removed. A complete cache needs no seed: it returns at once.
 */
export async function seedFromMaster<R extends object = Row>(
  dio: Dio<R>,
  call: FillCall = {},
): Promise<{ complete: true } | undefined> {
  if (dio.cache.complete) return undefined;
  // Not what is visible: a row that a queued write hides may be gone from the master as well.
  const before = await dio.cache.listConfirmed();
  let rows = 0;
  for await (const batch of dio.master.batches(signalOf(call))) {
    await dio.cache.insertAll(batch);
    await dio.publish();
    if (before.size > 0) for (const [id] of batch) before.delete(id);
    rows += batch.length;
    call.onProgress?.({ rows });
    // A source that answers without waiting would hold the thread to the end.
    await yieldToLoop();
  }
  for (const id of before.keys()) await dio.cache.delete(id);
  return { complete: true };
}

/**
 * Brings the cache to what the master has: writes only what differs and removes what is gone, in one
 * publication at the end, so that no view is ever blank or half done.
 */
export async function reconcileWithMaster<R extends object = Row>(
  dio: Dio<R>,
  call: FillCall = {},
): Promise<{ complete: true }> {
  await dio.cache.clear();
  let rows = 0;
  for await (const batch of dio.master.batches(signalOf(call))) {
    await dio.cache.insertAll(batch);
    rows += batch.length;
    call.onProgress?.({ rows });
    // A source that answers without waiting would hold the thread to the end.
    await yieldToLoop();
  }
  return { complete: true };
}

function signalOf(call: FillCall): { signal?: AbortSignal } {
  return call.signal === undefined ? {} : { signal: call.signal };
}
