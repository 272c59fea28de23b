import { relative } from "node:path";
import { count, counted, duration, name, printable, ratio, show, size } from "./format.ts";
import type { TourOptions } from "./options.ts";
import type {
  ComparisonReport,
  KeptReport,
  QuestionsReport,
  Skipped,
  SourceReport,
  StartReport,
  TourReport,
  UpstreamReport,
  WriteReport,
} from "./report.ts";
import { heading, INDENT, prose } from "./render-prose.ts";
import { renderTable } from "./render-table.ts";
import type { Terminal } from "./terminal.ts";
import { wrap } from "./wrap.ts";

const TITLE = "Diorama: a file that can only be read from start to end becomes one that can be asked";
/** How the parts of a report are told: lines for a terminal or a log. */

export function renderSource(report: SourceReport, options: TourOptions, terminal: Terminal): string[] {
  const { file, sizeBytes, columns, id } = report;
  const from = report.package === undefined ? "" : ` of the package ${report.package}`;
  const ids =
    id.length === 0 ? "their numbers (give --id <column> for ids of your own)" : id.map(name).join(" and ");
  const types = columns.map((column) => `${name(column.name)} ${column.type}`).join(", ");
  return [
    ...wrap(TITLE, terminal.width, "").map((line) => terminal.style("bold", line)),
    "",
    ...wrap(`${displayPath(file, options.cwd)}${from}, ${size(sizeBytes)}`, terminal.width, "file     "),
    ...wrap(types, terminal.width, "columns  "),
    ...wrap(ids, terminal.width, "ids      "),
    ...wrap(
      `${displayPath(options.cache, options.cwd)} (delete that folder to forget everything)`,
      terminal.width,
      "cache    ",
    ),
  ];
}

export function renderStart(report: StartReport, terminal: Terminal): string[] {
  switch (report.kind) {
    case "cold":
      return [
        ...heading("A cold start: the file is copied", terminal),
        ...prose(coldStart(report), terminal),
      ];
    case "warm":
      return [
        ...heading("A warm start: the copy is there already", terminal),
        ...prose(warmStart(report), terminal),
      ];
    case "stale":
      return [
        ...heading("A warm start, and the file has changed since", terminal),
        ...prose(warmStart(report), terminal),
        ...prose(refreshed(report), terminal),
      ];
  }
}

function coldStart({ rows, readyMs, openMs, copyMs = 0, toDiskMs = 0, skippedRows }: StartReport): string {
  const skipped =
    skippedRows === undefined
      ? ""
      : ` ${counted(skippedRows, "row")} could not be read and ${skippedRows === 1 ? "is" : "are"} left out.`;
  const rate = rows === 0 ? "" : ` (${count(Math.round(rows / (copyMs / 1_000)))} rows a second)`;
  return `${counted(rows, "row")} copied in ${duration(copyMs)}${rate}; with opening the cache (${duration(openMs)}) readable after ${duration(readyMs)}, and all on disk ${duration(toDiskMs)} later.${skipped} Run the tour again to see it start warm.`;
}

function warmStart({ rows, readyMs, openMs, loadedMs = 0, fileRead, firstRun }: StartReport): string {
  const first =
    firstRun === undefined
      ? ""
      : ` Copying the file took ${duration(firstRun.readyMs)} to the same point on ${firstRun.at.slice(0, 10)}: ${ratio(firstRun.readyMs, readyMs)}.`;
  return `The first row and the count of ${count(rows)} are there after ${duration(readyMs)} (${duration(openMs)} of it for opening the cache), every row after ${duration(loadedMs)}${fileRead === false ? ", and the file was not read but for its first rows" : ""}.${first}`;
}

function refreshed({ rows, refresh }: StartReport): string {
  if (refresh === undefined) return "";
  const changes =
    typeof refresh.changes === "number" ? counted(refresh.changes, "row") : `${refresh.changes} rows`;
  return `Behind those reads the file was read again in ${duration(refresh.ms)}: ${changes} changed, ${count(rows)} in all now.`;
}

export function renderReads(reads: readonly ComparisonReport[], terminal: Terminal): string[] {
  if (reads.length === 0) return [];
  return [
    ...heading("The file read again, and the copy", terminal),
    ...comparison(reads, "file", terminal),
    ...prose(
      "Medians of several rounds, both sides in turn; at first: the copy's very first time.",
      terminal,
    ),
  ];
}

export function renderQuestions({ refusal, answers, left }: QuestionsReport, terminal: Terminal): string[] {
  const lines = heading("What the file can't answer, and the copy can", terminal);
  if (refusal !== "")
    lines.push(...prose(`Asked directly, the file refuses: "${printable(refusal)}"`, terminal));
  if (answers.length > 0) {
    const counts = answers.map(({ what, matches, ...times }) => ({
      ...times,
      what: `${what} (${count(matches)})`,
    }));
    lines.push(
      ...comparison(counts, "by hand", terminal),
      ...prose(
        "By hand: all of the file is parsed, then filtered or sorted in a loop. Both sides gave the same rows.",
        terminal,
      ),
    );
  }
  for (const { kind, why } of left) lines.push(...prose(`${kind}: left out, ${why}.`, terminal));
  return lines;
}

export function renderWrite(report: WriteReport | Skipped, terminal: Terminal): string[] {
  const lines = heading("A write: visible at once, then brought to where it belongs", terminal);
  if ("skipped" in report) return [...lines, ...prose(`Left out: ${report.skipped}.`, terminal)];
  const { id, column, from, to, rows, whole, visibleMs, routedMs, confirmedMs } = report;
  const which = whole ? `all ${count(rows)} rows` : `the first ${count(rows)} rows`;
  return [
    ...lines,
    ...prose(
      `patch row ${show(id)}: ${name(column)} ${from} becomes ${to}. onWrite writes a working copy with ${which}; your file is never written to.`,
      terminal,
    ),
    ...timeline(
      [
        [routedMs, "onWrite has it"],
        [visibleMs, "a reader sees it"],
        [confirmedMs, "the working copy is written: confirmed"],
      ],
      terminal,
    ),
  ];
}

export function renderKept({ id, keptMs, foundMs }: KeptReport, terminal: Terminal): string[] {
  return [
    ...heading("A write that outlives its program", terminal),
    ...prose(
      `Offline, row ${show(id)} is written again: queued on disk after ${duration(keptMs)}. The Lens is closed; the next one over that folder has the write ${duration(foundMs)} after it begins to open, and sends it with the same opId.`,
      terminal,
    ),
  ];
}

export function renderUpstream(report: UpstreamReport | Skipped, terminal: Terminal): string[] {
  const lines = heading("An edit upstream: it arrives by itself", terminal);
  if ("skipped" in report) return [...lines, ...prose(`Left out: ${report.skipped}.`, terminal)];
  const meaning: Readonly<Record<string, string>> = {
    refreshing: "the change was noticed, the file is read again",
    invalidated: "done: every reader sees the file as it is now",
  };
  return [
    ...lines,
    ...report.edits.flatMap((edit) => prose(`In the working copy ${edit}.`, terminal)),
    ...timeline(
      report.events.map(({ atMs, type, id }) => [
        atMs,
        [type, id === undefined ? "" : show(id), meaning[type] === undefined ? "" : `(${meaning[type]})`]
          .filter((part) => part !== "")
          .join(" "),
      ]),
      terminal,
    ),
  ];
}

export function renderEnd({ start, source, totalMs }: TourReport, terminal: Terminal): string[] {
  const next =
    start.kind === "cold"
      ? "Next: npm start once more, for the warm start"
      : "Next: npm start -- --fresh, for the cold start again";
  const own =
    source.package === undefined ? "" : ", or npm start -- file.csv --id column, with a file of yours";
  return [
    "",
    ...wrap(
      `All of it took ${duration(totalMs)}. ${next}${own}; docs/guide/ has the code.`,
      terminal.width,
      "",
    ),
  ];
}

function comparison(rows: readonly ComparisonReport[], fileSide: string, terminal: Terminal): string[] {
  const cells = rows.map(({ what, fileMs, copyFirstMs, copyMs }) => [
    what,
    duration(fileMs),
    duration(copyMs),
    ratio(fileMs, copyMs),
    duration(copyFirstMs),
  ]);
  const head = ["", fileSide, "copy", "", "at first"];
  return renderTable(cells, head, terminal.width - INDENT.length).map((line) => `${INDENT}${line}`);
}

/** Moments in their order, each with the time since the start. */
function timeline(moments: readonly (readonly [ms: number, what: string])[], terminal: Terminal): string[] {
  return moments
    .toSorted((a, b) => a[0] - b[0])
    .flatMap(([ms, what]) => wrap(what, terminal.width, `${INDENT}+ ${duration(ms).padStart(8)}  `));
}

/** As seen from the caller's folder, where that is shorter. */
function displayPath(path: string, cwd: string): string {
  const seen = relative(cwd, path);
  return printable(seen !== "" && seen.length < path.length ? seen : path);
}
