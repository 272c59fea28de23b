import { DioramaError } from "../base/index.ts";
import type { Source, WriteOptions } from "../vista/index.ts";
import type { FaultPlan, SourceCall } from "./faults.ts";

type WriteCall = "insert" | "add" | "replace" | "patch" | "delete" | "deleteAll";

/** The writes of a source, which may be done although the answer says that they failed. */
export function faultyWrites<R extends object>(
  source: Source<R>,
  plan: FaultPlan,
): Pick<Source<R>, WriteCall> {
  const insert = source.insert?.bind(source);
  const add = source.add?.bind(source);
  const replace = source.replace?.bind(source);
  const patch = source.patch?.bind(source);
  const remove = source.delete?.bind(source);
  const deleteAll = source.deleteAll?.bind(source);

  const write = async <T>(name: SourceCall, call: WriteOptions, work: () => Promise<T>): Promise<T> => {
    const fate = plan.begin(name);
    await plan.arrive(fate, call);
    const answer = await work();
    if (fate.losesAnswer) throw new DioramaError("unavailable", `${name}: the answer was lost (made up)`);
    return answer;
  };

  return {
    ...(insert && { insert: (id, row, call) => write("insert", call, () => insert(id, row, call)) }),
    ...(add && { add: (row, call) => write("add", call, () => add(row, call)) }),
    ...(replace && { replace: (id, row, call) => write("replace", call, () => replace(id, row, call)) }),
    ...(patch && { patch: (id, partial, call) => write("patch", call, () => patch(id, partial, call)) }),
    ...(remove && { delete: (id, call) => write("delete", call, () => remove(id, call)) }),
    ...(deleteAll && { deleteAll: (query, call) => write("deleteAll", call, () => deleteAll(query, call)) }),
  };
}
