import type { Source } from "../vista/index.ts";
import type { SourceCall } from "./faults.ts";
import { unwrapped, wrapCalls } from "./wrap-calls.ts";

/** Awaited where there is something to wait for. */
type Turn = (
  label: string,
  signal: AbortSignal | undefined,
  way: "there" | "back",
) => Promise<void> | undefined;

/** The source, each of whose calls awaits `turn` before it reaches the source and before its answer comes back. */
export function scheduleSource<R extends object>(source: Source<R>, turn: Turn): Source<R> {
  const counts = new Map<SourceCall, number>();
  const number = (name: SourceCall): string => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return `${name} ${count}`;
  };
  const read: Source<R>["read"] = async function* (query, call) {
    const label = number("read");
    const asked = turn(`${label} asked`, call.signal, "there");
    if (asked !== undefined) await asked;
    for await (const batch of source.read(query, call)) {
      await turn(`${label} batch`, call.signal, "back");
      yield batch;
    }
    await turn(`${label} answered`, call.signal, "back");
  };
  const watch = source.watch?.bind(source);
  return {
    ...unwrapped(source),
    ...wrapCalls(source, async (name, { signal }, work) => {
      const label = number(name);
      const asked = turn(`${label} asked`, signal, "there");
      if (asked !== undefined) await asked;
      try {
        return await work();
      } finally {
        await turn(`${label} answered`, signal, "back");
      }
    }),
    read,
    ...(watch && {
      // It listens from the first next() on, and what it hears waits.
      watch: async function* (call) {
        const label = number("watch");
        for await (const event of watch(call)) {
          await turn(`${label} change`, call.signal, "back");
          yield event;
        }
      },
    }),
  };
}
