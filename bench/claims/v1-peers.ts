import { spawnSync } from "node:child_process";
import path from "node:path";
import type { Claim, Finding, Table, TableLine } from "../claim.ts";
import { havePeers } from "../install-peers.ts";
import { measureMemory, type Memory } from "../measure-memory.ts";
import { median } from "../measure.ts";
import { peers } from "../peers/index.ts";
import { type PeerReport, type PeerWork, works } from "../peers/peer-report.ts";

const SMOKE_ROWS = 500;
const TIMEOUT_MS = 150_000;
const ALL_ROWS = "one update, all rows by price";

/** The other libraries on the same data and work: each in a process of its own, beside ours and the limit. */
export const claim: Claim = {
  id: "V1",
  title: "beside other libraries",
  left: "the others copy the whole result or sort it again for each change; where a window is cheap for them they stand near the limit too, and what is left there is the same as beside the limit. Right after another library has had its turn, the processor's caches hold nothing of ours: a change of the whole order takes 11 µs then, which misses 90 times TanStack DB, and 5 to 7 µs beside the limit alone.",
  processes: 1,
  async run({ rows, smoke }) {
    // The smoke run takes those that are there, and needs no network.
    const there = peers.filter(({ packageName }) => packageName === undefined || havePeers());
    const size = smoke ? Math.min(rows, SMOKE_ROWS) : Math.min(rows, 100_000);
    const reports = there.map(({ name }) => runPeer(name, size, smoke ? size : rows));
    const memory = smoke ? new Map<string, Memory>() : memoryOf(size);
    const tables = [comparison(reports, memory, size), growth(reports, smoke)];
    return { findings: findingsOf(reports, size), tables };
  },
};

function runPeer(name: string, size: number, most: number): PeerReport {
  const program = path.join(import.meta.dirname, "../peers/run-peer.ts");
  const child = spawnSync(process.execPath, [program, name, String(size), String(most)], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (child.signal === "SIGTERM")
    return { name, version: "", standings: {}, growth: {}, left: ["everything: it took too long"] };
  // What a library says of itself on the error stream is shown only where it failed.
  if (child.status !== 0) throw new Error(`${name}: ${child.stderr.toString().slice(-4_000)}`);
  return JSON.parse(child.stdout.toString());
}

function memoryOf(size: number): Map<string, Memory> {
  const found = new Map<string, Memory>();
  for (const name of ["limit", "ours", ...peers.map((peer) => peer.name)]) {
    const memory = measureMemory(name, size);
    if (memory !== undefined) found.set(name, memory);
  }
  return found;
}

/** Of ours and the limit, which took part everywhere, as they were beside those who left them the most changes. */
function cellOf(reports: readonly PeerReport[], work: PeerWork, name: string): number | null {
  const found = reports.flatMap(({ standings }) => {
    const { ms, turnChanges = 0 } = standings[work] ?? {};
    return ms?.[name] === undefined ? [] : [{ ms: ms[name], turnChanges }];
  });
  const most = Math.max(...found.map(({ turnChanges }) => turnChanges));
  const warmest = found.filter(({ turnChanges }) => turnChanges === most);
  return warmest.length === 0 ? null : median(warmest.map(({ ms }) => ms));
}

function comparison(
  reports: readonly PeerReport[],
  memory: ReadonlyMap<string, Memory>,
  size: number,
): Table {
  const names = ["limit", "ours", ...reports.map(({ name }) => name)];
  const times = works.map((work): TableLine => ({
    work,
    unit: "time",
    cells: names.map((name) => cellOf(reports, work, name)),
  }));
  const bytes = (work: string, of: "store" | "view"): TableLine => ({
    work,
    unit: "bytes",
    cells: names.map((name) => memory.get(name)?.[of] ?? null),
  });
  const taken =
    memory.size === 0
      ? []
      : [bytes("bytes a row, the rows", "store"), bytes("bytes a row, one order on them", "view")];
  return {
    title: `Beside other libraries, ${size.toLocaleString("en")} rows`,
    columns: names,
    rows: [...times, ...taken],
    notes: [
      "Each library in a process of its own, in which ours and the limit take turns with it; a change is written, everything that it hid in microtasks or the next turn of the loop is waited for (the empty turn is subtracted), and 50 visible rows are read.",
      ...reports.map(({ name, version, left }) => {
        const driven = peers.find((peer) => peer.name === name)?.driven ?? "";
        const missing = left.length === 0 ? "" : `. No time for: ${left.join("; ")}`;
        return `${name} (${version}): ${driven}${missing}.`;
      }),
    ],
  };
}

function growth(reports: readonly PeerReport[], smoke: boolean): Table {
  const sizes = smoke
    ? []
    : [...new Set(reports.flatMap((report) => Object.keys(report.growth).map(Number)))];
  return {
    title: "One update of all rows by price, by the number of rows",
    columns: reports.map(({ name }) => name),
    rows: sizes
      .toSorted((a, b) => a - b)
      .map((size) => ({
        work: `${size.toLocaleString("en")} rows`,
        unit: "time",
        cells: reports.map((report) => report.growth[size] ?? null),
      })),
    notes: ["Ours and the limit at these sizes: the table of V3."],
  };
}

function findingsOf(reports: readonly PeerReport[], size: number): Finding[] {
  const of = `${size.toLocaleString("en")} rows`;
  const against = (name: string, share: number): Finding[] => {
    const standing = reports.find((report) => report.name === name)?.standings[ALL_ROWS];
    const [ours, theirs] = [standing?.ms["ours"], standing?.ms[name]];
    if (ours === undefined || theirs === undefined) return [];
    return [
      {
        work: `${of}, ${ALL_ROWS}`,
        against: `1/${share} of ${name}`,
        ours: ours * 1_000,
        limit: (theirs / share) * 1_000,
        unit: "µs",
        ratio: ours / (theirs / share),
        target: 1,
        note: `${(theirs / ours).toFixed(0)} times as fast`,
      },
    ];
  };
  return [...fastest(reports, of), ...against("TanStack DB", 90), ...against("Zero's engine", 150)];
}

/** The work in which another library comes nearest to ours, or passes it. */
function fastest(reports: readonly PeerReport[], of: string): Finding[] {
  const nearest = reports
    .flatMap(({ name, standings }) =>
      works.flatMap((work) => {
        const [ours, theirs] = [standings[work]?.ms["ours"], standings[work]?.ms[name]];
        return ours === undefined || theirs === undefined ? [] : [{ name, work, ours, theirs }];
      }),
    )
    .toSorted((a, b) => b.ours / b.theirs - a.ours / a.theirs)
    .slice(0, 1);
  return nearest.map(({ name, work, ours, theirs }) => ({
    work: `${of}, nearest to ours of all works: ${work}`,
    against: name,
    ours: ours * 1_000,
    limit: theirs * 1_000,
    unit: "µs",
    ratio: ours / theirs,
    target: 1,
  }));
}
