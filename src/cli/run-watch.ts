import { usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";
import { rowJsonText } from "./json-text.ts";
import { createRowShape, narrowByOptions } from "./narrow-by-options.ts";
import { openSource } from "./open-source.ts";
import { type RowChange, rowChanges } from "./row-changes.ts";
import type { QueryOptions } from "./query-options.ts";
import { safeText } from "./safe-text.ts";
import type { SourceOptions } from "./source-options.ts";

export interface WatchOptions extends SourceOptions, Pick<QueryOptions, "where" | "search"> {
  readonly rows?: boolean;
  /** Milliseconds. */
  readonly every?: number;
}

/** How often a source is read again that can't say by itself what changes. */
const USUAL_EVERY_MS = 30_000;
const LEAST_EVERY_MS = 100;

/** `diorama watch`: changes as they happen, until interrupted. */
export async function runWatch(frame: Frame, source: string, options: WatchOptions): Promise<void> {
  if (options.every !== undefined && options.every < LEAST_EVERY_MS)
    throw usageError(`--every is at least ${LEAST_EVERY_MS}ms`);
  const opened = await openSource(frame, source, options, {
    copy: "whole",
    // A source that tells of its changes needs no timer, unless one is asked for.
    refreshEvery: (master) =>
      options.every ?? (master.capabilities.canSubscribe ? undefined : USUAL_EVERY_MS),
  });
  const { dio, master, identity } = opened;
  const vista = narrowByOptions(dio.vista(), options);
  dio.on("refreshFailed", ({ error }) => frame.note(`reading again failed: ${safeText(error.message)}`));
  dio.on("upstreamFailed", ({ error }) => frame.note(`the source's changes: ${safeText(error.message)}`));
  if (options.every === undefined && master.capabilities.canSubscribe) dio.watch();
  frame.note(`watching ${safeText(identity.location)}; Ctrl-C ends it`);
  const toShape = createRowShape(vista.schema, undefined);
  for await (const { row, ...change } of rowChanges(vista, frame.signal)) {
    const shown = options.rows === true && row !== undefined ? rowJsonText(toShape(row)) : undefined;
    await frame.print(lineOf(frame, change, shown));
  }
}

function lineOf(frame: Frame, { type, id }: Omit<RowChange, "row">, shown: string | undefined): string {
  const at = new Date(frame.clock.now()).toISOString();
  if (frame.json) {
    const event = rowJsonText({ at, type, id });
    return shown === undefined ? event : `${event.slice(0, -1)},"row":${shown}}`;
  }
  const { styles } = frame;
  const colour = { inserted: styles.green, updated: styles.yellow, deleted: styles.red }[type];
  const parts = [styles.dim(at), colour(type.padEnd("inserted".length)), safeText(id)];
  if (shown !== undefined) parts.push(safeText(shown));
  return parts.join("  ");
}
