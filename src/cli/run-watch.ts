import type { Row } from "../record/index.ts";
import type { ChangeEvent } from "../vista/index.ts";
import { usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";
import { rowJsonText } from "./json-text.ts";
import { narrowByOptions } from "./narrow-by-options.ts";
import { openSource } from "./open-source.ts";
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
  const changes = vista.watch({ signal: frame.signal });
  dio.on("refreshFailed", ({ error }) => frame.note(`reading again failed: ${safeText(error.message)}`));
  dio.on("upstreamFailed", ({ error }) => frame.note(`the source's changes: ${safeText(error.message)}`));
  if (options.every === undefined && master.capabilities.canSubscribe) dio.watch();
  frame.note(`watching ${safeText(identity.location)}; Ctrl-C ends it`);
  for await (const change of changes) await frame.print(lineOf(frame, change, options.rows === true));
}

function lineOf(frame: Frame, change: ChangeEvent, withRow: boolean): string {
  const at = new Date(frame.clock.now()).toISOString();
  const id = change.type === "invalidated" ? undefined : change.id;
  const row = change.type === "inserted" || change.type === "updated" ? change.row : undefined;
  if (frame.json) {
    const event: Record<string, string> = { at, type: change.type, ...(id === undefined ? {} : { id }) };
    const rest = withRow && row !== undefined ? `,"row":${rowJsonText(row)}` : "";
    return `${rowJsonText(event).slice(0, -1)}${rest}}`;
  }
  const { styles } = frame;
  const parts = [styles.dim(at), styleOf(frame, change)(change.type.padEnd("invalidated".length))];
  if (id !== undefined) parts.push(safeText(id));
  if (withRow && row !== undefined) parts.push(shownRow(row));
  return parts.join("  ").trimEnd();
}

const shownRow = (row: Row): string => safeText(rowJsonText(row));

function styleOf({ styles }: Frame, { type }: ChangeEvent): (text: string) => string {
  switch (type) {
    case "inserted":
      return styles.green;
    case "updated":
      return styles.yellow;
    case "deleted":
      return styles.red;
    case "invalidated":
      return styles.bold;
  }
}
