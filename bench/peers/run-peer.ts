/**
 * One library beside ours and the limit, in a process of its own: `node bench/peers/run-peer.ts <name> <rows> <most>`.
 * Prints a PeerReport.
 */
import "../built-package.ts";
import { readFileSync } from "node:fs";
import type { Peer, WantedRows } from "./peer.ts";
import type { Product } from "vantage-diorama/testing";
import type { Opened, Standing } from "./contest.ts";
import type { PeerReport, PeerWork } from "./peer-report.ts";

const { Workload } = await import("../workload.ts");
const { Contest } = await import("./contest.ts");
const { limit } = await import("./limit.ts");
const { ours } = await import("./ours.ts");
const { peers } = await import("./index.ts");

/** For the changes of one work. */
const WORK_BUDGET_MS = 2_000;
const WARM_UP_BUDGET_MS = 300;
/** With as few rows nothing is measured: it is a smoke run. */
const SMOKE_BUDGET_MS = 30;
const WARM_UP_ROWS = 1_000;
/** So long after the first opening nothing new is begun. */
const DEADLINE_MS = 40_000;
const FURTHER_WINDOWS = 20;

const [name = "", rowsText = "", mostText = ""] = process.argv.slice(2);
const rows = Number(rowsText);
const most = Number(mostText);
const peer = peers.find((each) => each.name === name);
if (peer === undefined) throw new Error(`there is no ${name}`);

const left: string[] = [];
let standings: PeerReport["standings"] = {};
let began = performance.now();
// Everything once with few rows, to warm up: the compiler takes thousands of calls.
await contest(peer, Math.min(rows, WARM_UP_ROWS), rows > WARM_UP_ROWS ? WARM_UP_BUDGET_MS : SMOKE_BUDGET_MS);
if (rows > WARM_UP_ROWS) {
  standings = {};
  left.length = 0;
  await contest(peer, rows, WORK_BUDGET_MS);
}
const growth = await grow(peer);
const report: PeerReport = { name, version: versionOf(peer), standings, growth, left };
process.stdout.write(JSON.stringify(report));
process.exit();

async function contest(one: Peer, size: number, budgetMs: number): Promise<void> {
  const workload = new Workload(size);
  const all = await Contest.open([limit, ours, one], workload, budgetMs);
  const middle = Math.floor(size / 2);
  const windowAt = (offset: number): WantedRows => {
    const first = workload.sorted()[offset];
    if (first === undefined) throw new Error("there is no such row");
    return { window: { offset, first } };
  };

  const whole = await all.openRows({});
  began = performance.now();
  put("opening all rows by price", whole.standing);
  put("one update, all rows by price", await all.changes(whole, (count) => workload.changes(count)));
  put("1,000 updates at once, all rows", await all.atOnce(whole, () => workload.changesAtOnce(1_000)));
  all.check(whole, {});
  const offsets = Array.from({ length: FURTHER_WINDOWS }, (_, n) => middle + n);
  put("a further window on that order", await all.furtherWindows(offsets.map(windowAt)));
  for (const view of whole.views) view.close();

  const { category = "" } = workload.products[0] ?? {};
  const ofCategory = workload.products.filter((product) => product.category === category).map(({ id }) => id);
  const step = Math.max(1, Math.floor(size / 1_000));
  const everySome = workload.products.filter((_, at) => at % step === 0).map(({ id }) => id);
  const others: readonly Other[] = [
    [
      "one update, one category by price",
      () => all.openRows({ category }),
      (count) => workload.changesOf(ofCategory, count),
    ],
    [
      "one update, 1,000 record views open",
      () => all.openRecords(everySome),
      (count) => workload.changesOf(everySome, count),
    ],
    ["one update, count and sum by category", () => all.openTotals(), (count) => workload.changes(count)],
    [
      "one update, 50 rows at offset 0",
      () => all.openRows(windowAt(0)),
      (count) => workload.changesAround(0, count),
    ],
    [
      "one update, 50 rows at the middle",
      () => all.openRows(windowAt(middle)),
      (count) => workload.changesAround(middle, count),
    ],
  ];
  for (const [work, open, next] of others) {
    if (performance.now() - began > DEADLINE_MS) {
      left.push(work);
      continue;
    }
    const opened = await open();
    if (opened.isComplete) put(work, await all.changes(opened, next));
    for (const view of opened.views) view.close();
  }
  await all.close();
}

type Other = readonly [work: PeerWork, open: () => Promise<Opened>, next: (count: number) => Product[]];

function put(work: PeerWork, standing: Standing): void {
  // One that is asked again opens nothing.
  if (standing.ms[name] !== undefined) standings[work] = standing;
}

/** One update of all rows by price, at sizes below and, where it will not take too long, above. */
async function grow(one: Peer): Promise<Record<string, number>> {
  const here = standings["one update, all rows by price"]?.ms[name];
  const found: Record<string, number> = here === undefined ? {} : { [rows]: here };
  if (rows <= WARM_UP_ROWS) return found;
  for (const size of [1_000, 10_000].filter((each) => each < rows)) found[size] = await changeAt(one, size);
  const openingMs = standings["opening all rows by price"]?.ms[name] ?? 0;
  const factor = most / rows;
  // Loading, opening and a few changes grow with the rows, or faster.
  const expectedMs = factor * (3 * openingMs + 10 * (here ?? Infinity));
  if (factor > 1 && expectedMs < DEADLINE_MS / 3) found[most] = await changeAt(one, most);
  else if (factor > 1) left.push(`${most.toLocaleString("en")} rows`);
  return found;
}

async function changeAt(one: Peer, size: number): Promise<number> {
  const workload = new Workload(size);
  const alone = await Contest.open([one], workload, WORK_BUDGET_MS / 2);
  const opened = await alone.openRows({});
  const standing = await alone.changes(opened, (count) => workload.changes(count));
  for (const view of opened.views) view.close();
  await alone.close();
  return standing.ms[name] ?? Number.NaN;
}

function versionOf({ packageName }: Peer): string {
  if (packageName === undefined) return `Node ${process.versions.node}`;
  const file = new URL(`../node_modules/${packageName}/package.json`, import.meta.url);
  const { version }: { readonly version: string } = JSON.parse(readFileSync(file, "utf8"));
  return version;
}
