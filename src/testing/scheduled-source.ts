import type { Source } from "../vista/index.ts";
import type { SourceCall } from "./faults.ts";
import { unwrapped, wrapCalls } from "./wrap-calls.ts";

type Turn = (label: string, signal: AbortSignal | undefined) => Promise<void>;

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
    await turn(`${label} asked`, call.signal);
    for await (const batch of source.read(query, call)) {
      await turn(`${label} batch`, call.signal);
      yield batch;
    }
    await turn(`${label} answered`, call.signal);
  };
  const watch = source.watch?.bind(source);
  return {
    ...unwrapped(source),
    ...wrapCalls(source, async (name, { signal }, work) => {
      const label = number(name);
      await turn(`${label} asked`, signal);
      try {
        return await work();
      } finally {
        await turn(`${label} answered`, signal);
      }
    }),
    read,
    ...(watch && {
      // It listens from the first next() on, and what it hears waits.
      watch: async function* (call) {
        const label = number("watch");
        for await (const event of watch(call)) {
          await turn(`${label} change`, call.signal);
          yield event;
        }
      },
    }),
  };
}
