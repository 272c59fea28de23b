import type { RowTest } from "../query/index.ts";
import { toError } from "./ask-source.ts";
import type { ChangeEvent } from "./change-event.ts";
import { release } from "./read-source.ts";
import { asRow } from "./row-types.ts";
import type { CallOptions, Source } from "./source.ts";
import { validateRow } from "./validate-row.ts";

type Step<R extends object> = IteratorResult<ChangeEvent<R>, undefined>;

/**
 * The source's changes as a narrowed reader sees them: a row outside of the narrowing arrives as deleted. A row
 * that the validator refuses arrives without it, so that reading it again tells why. Ends when the signal fires
 * or `return` is called, even while a change is awaited; throws when the feed is lost.
 */
export function watchSource<R extends object>(
  source: Source<R>,
  shows: RowTest | undefined,
  call: CallOptions,
): AsyncIterableIterator<ChangeEvent<R>, undefined> {
  const waiting = new Set<(step: Step<R>) => void>();
  const done: Step<R> = { done: true, value: undefined };
  let feed: AsyncIterator<ChangeEvent<R>> | undefined;
  let ended = false;

  const end = (): void => {
    if (ended) return;
    ended = true;
    call.signal?.removeEventListener("abort", end);
    if (feed !== undefined) release(feed);
    for (const resolve of waiting) resolve(done);
    waiting.clear();
  };
  const advance = async (): Promise<Step<R>> => {
    feed ??= source.watch?.(call)[Symbol.asyncIterator]();
    const step = await feed?.next();
    if (step === undefined || step.done === true) return done;
    return { done: false, value: await toShown(source, shows, step.value) };
  };
  if (call.signal?.aborted === true) end();
  else call.signal?.addEventListener("abort", end, { once: true });

  return {
    next: () => {
      if (ended) return Promise.resolve(done);
      return new Promise<Step<R>>((resolve, reject) => {
        // Who waits is answered by the feed or by the end, whichever comes first.
        waiting.add(resolve);
        advance().then(
          (step) => {
            waiting.delete(resolve);
            resolve(step);
            if (step.done === true) end();
          },
          (error: unknown) => {
            waiting.delete(resolve);
            reject(toError(error, `${source.name}, watch`));
            end();
          },
        );
      });
    },
    return: () => {
      end();
      return Promise.resolve(done);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function toShown<R extends object>(
  source: Source<R>,
  shows: RowTest | undefined,
  event: ChangeEvent<R>,
): Promise<ChangeEvent<R>> {
  if (event.type !== "inserted" && event.type !== "updated") return event;
  const { row, ...withoutRow } = event;
  if (row === undefined) return event;
  if (shows?.(event.id, asRow(row)) === false) return { ...withoutRow, type: "deleted" };
  let valid = row;
  if (source.validator !== undefined) {
    try {
      valid = await validateRow(source.validator, row, {
        vista: source.name,
        id: event.id,
        code: "rejected",
      });
    } catch {
      // Not swallowed: whoever gets no row reads it, and meets the same refusal there.
      return withoutRow;
    }
  }
  return valid === row ? event : { ...withoutRow, row: valid };
}
