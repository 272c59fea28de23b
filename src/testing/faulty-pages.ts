import type { Entry } from "../record/index.ts";
import type { CallOptions, Page, Source, TokenPage } from "../vista/index.ts";
import type { Fate, FaultPlan, SourceCall } from "./faults.ts";

type PagedCall = "page" | "window" | "next";

/** The paged reads of a source, whose answers may be short, repeated, doubled and wrong about their total. */
export function faultyPages<R extends object>(
  source: Source<R>,
  plan: FaultPlan,
): Pick<Source<R>, PagedCall> {
  const page = source.page?.bind(source);
  const window = source.window?.bind(source);
  const next = source.next?.bind(source);
  const last = new Map<SourceCall, Page<R>>();

  const answer = async <P extends Page<R> | TokenPage<R>>(
    name: PagedCall,
    call: CallOptions,
    work: () => Promise<P>,
  ): Promise<P> => {
    const fate = plan.begin(name);
    await plan.arrive(fate, call);
    if (plan.callCount(name) > 1) fate.faults.changeDuringPagination?.(fate.random);
    const given = await work();
    plan.checkUp(fate);
    const repeats = fate.random.chance(fate.faults.duplicatedPageRate ?? 0);
    const before = last.get(name);
    last.set(name, given);
    if (repeats && before !== undefined) fate.met.push("repeated page");
    const rows = distort(fate, repeats && before !== undefined ? before.rows : given.rows);
    return "total" in given && given.total !== undefined
      ? { ...given, rows, total: plan.lied(fate, given.total) }
      : { ...given, rows };
  };

  return {
    ...(page && { page: (query, which, call) => answer("page", call, () => page(query, which, call)) }),
    ...(window && {
      window: (query, which, call) => answer("window", call, () => window(query, which, call)),
    }),
    ...(next && { next: (query, from, call) => answer("next", call, () => next(query, from, call)) }),
  };
}

function distort<R extends object>(fate: Fate, rows: readonly Entry<R>[]): readonly Entry<R>[] {
  const { random, faults, met } = fate;
  const isPartial = random.chance(faults.partialPageRate ?? 0) && rows.length > 0;
  const kept = isPartial ? rows.slice(0, random.integer(0, rows.length - 1)) : rows;
  if (isPartial) met.push(`partial page: ${kept.length} rows for ${rows.length}`);
  const [first] = kept;
  const doubles = random.chance(faults.duplicatedIdRate ?? 0);
  if (!doubles || first === undefined || kept.length < 2) return kept;
  met.push("an id twice");
  // As many rows as before: the answer is as long as it should be, and still wrong.
  return [...kept.slice(0, -1), first];
}
