import { isDioramaError, unreachable } from "../base/index.ts";
import type { Vista, WriteOp } from "../vista/index.ts";
import type { WriteResult } from "./writer.ts";

/** The default route of a write: the master, with the op's id as idempotency key. */
export async function sendToMaster(
  master: Vista,
  op: WriteOp,
  call: { readonly signal: AbortSignal },
): Promise<WriteResult> {
  const options = { opId: op.opId, signal: call.signal };
  switch (op.kind) {
    case "insert":
      return { row: await master.insert(op.id, op.row, options) };
    case "replace":
      return { row: await master.replace(op.id, op.row, options) };
    case "patch":
      return { row: await master.patch(op.id, op.partial, options) };
    case "delete":
      return master.delete(op.id, options);
    case "deleteAll":
      return deleteAll(master, op.ids, options);
    default:
      return unreachable(op);
  }
}

async function deleteAll(
  master: Vista,
  ids: readonly string[] | undefined,
  options: { opId: string; signal: AbortSignal },
): Promise<void> {
  if (ids === undefined) return master.deleteAll(options);
  if (master.capabilities.canMatch) return master.where({ kind: "id", ids }).deleteAll(options);
  for (const id of ids) {
    // Each row is a write of its own to the source, and a row that is gone is what was wanted.
    await master.delete(id, { ...options, opId: `${options.opId}/${id}` }).catch((error: unknown) => {
      if (!isDioramaError(error, "notFound")) throw error;
    });
  }
}
