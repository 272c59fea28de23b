import type { Entry, Row, Source } from "vantage-diorama";
import { unwrapped, wrapCalls } from "../../src/testing/wrap-calls.ts";

export interface Numbering {
  /** At every call, before anything else. */
  onCall(name: string): void;
  /** What the rows of this call say in their column `via`; `undefined`: they stay as they are. */
  number(): number | undefined;
}

/** The source, whose rows tell the number of the call that asked for them. */
export function numberSource(source: Source<Row>, { onCall, number }: Numbering): Source<Row> {
  return {
    ...unwrapped(source),
    ...wrapCalls(source, async (name, _call, work) => {
      onCall(name);
      const via = number();
      const answer = await work();
      // The rows stay rows of their kind: one column more is theirs too.
      return via === undefined ? answer : (numbered(answer, via) as typeof answer);
    }),
    async *read(query, call) {
      onCall("read");
      const via = number();
      for await (const batch of source.read(query, call))
        yield via === undefined ? batch : numberedRows(batch, via);
    },
  };
}

function numbered(answer: unknown, via: number): unknown {
  if (typeof answer !== "object" || answer === null) return answer;
  if (!("rows" in answer)) return { ...answer, via };
  return { ...answer, rows: numberedRows(answer.rows as readonly Entry[], via) };
}

function numberedRows(rows: readonly Entry[], via: number): Entry[] {
  return rows.map(([id, row]) => [id, { ...row, via }]);
}
