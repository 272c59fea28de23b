/**
 * One library beside ours and the limit, in a process of its own: `node bench/peers/run-peer.ts <name> <rows> <most>`.
 * Prints a PeerReport.
 */
import "../built-package.ts";
import { readFileSync } from "node:fs";
import type { Peer, WantedRows } from "./peer.ts";
import type { PeerReport, PeerWork } from "./peer-report.ts";

const { Workload } = await import("../workload.ts");
const { Contest } = await import("./contest.ts");
const { limit } = await import("./limit.ts");
const { ours } = await import("./ours.ts");
const { peers } = await import("./index.ts");

/** For the changes of one work. */
const WORK_BUDGET_MS = 1_500;
const WARM_UP_BUDGET_MS = 300;
/** With as few rows nothing is measured: it is a smoke run. */
const SMOKE_BUDGET_MS = 30;
const WARM_UP_ROWS = 1_000;
/** After so long nothing new is begun. */
const DEADLINE_MS = 45_000;

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
  began = performance.now();
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
  standings["opening all rows by price"] = whole.standing;
  standings["one update, all rows by price"] = await all.changes(whole, (count) => workload.changes(count));
  await unlessLate("1,000 updates at once, all rows", () =>
    all.atOnce(whole, () => workload.changesAtOnce(1_000)),
  );
  all.check(whole, {});
  await unlessLate("a further window on that order", async () => {
    const further = await all.openRows(windowAt(middle));
    for (const view of further.views) view.close();
    return further.standing;
  });
  for (const view of whole.views) view.close();

  for (const [work, offset] of [
    ["one update, 50 rows at offset 0", 0],
    ["one update, 50 rows at the middle", middle],
  ] as const)
    await unlessLate(work, async () => {
      const opened = await all.openRows(windowAt(offset));
      const standing = await all.changes(opened, (count) => workload.changesAround(offset, count));
      for (const view of opened.views) view.close();
      return standing;
    });
  await unlessLate("one update, one category by price", async () => {
    const { category = "" } = workload.products[0] ?? {};
    const ids = workload.products.filter((product) => product.category === category).map(({ id }) => id);
    const opened = await all.openRows({ category });
    const standing = await all.changes(opened, (count) => workload.changesOf(ids, count));
    all.check(opened, { category });
    for (const view of opened.views) view.close();
    return standing;
  });
  await unlessLate("one update, 1,000 record views open", async () => {
    const step = Math.max(1, Math.floor(size / 1_000));
    const ids = workload.products.filter((_, at) => at % step === 0).map(({ id }) => id);
    const opened = await all.openRecords(ids);
    const standing = await all.changes(opened, (count) => workload.changesOf(ids, count));
    for (const view of opened.views) view.close();
    return standing;
  });
  await unlessLate("one update, count and sum by category", async () => {
    const opened = await all.openTotals();
    const standing = await all.changes(opened, (count) => workload.changes(count));
    for (const view of opened.views) view.close();
    return standing;
  });
  await all.close();
}

async function unlessLate(work: PeerWork, run: () => Promise<(typeof standings)[PeerWork]>): Promise<void> {
  if (performance.now() - began > DEADLINE_MS) {
    left.push(work);
    return;
  }
  const standing = await run();
  // Ours and the limit alone are no comparison.
  if (standing?.[name] !== undefined) standings[work] = standing;
}

/** One update of all rows by price, at sizes below and, where it will not take too long, above. */
async function grow(one: Peer): Promise<Record<string, number>> {
  const here = standings["one update, all rows by price"]?.[name];
  const found: Record<string, number> = here === undefined ? {} : { [rows]: here };
  if (rows <= WARM_UP_ROWS) return found;
  for (const size of [1_000, 10_000].filter((each) => each < rows)) found[size] = await changeAt(one, size);
  const openingMs = standings["opening all rows by price"]?.[name] ?? Infinity;
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
  return standing[name] ?? Number.NaN;
}

function versionOf({ packageName }: Peer): string {
  if (packageName === undefined) return `Node ${process.versions.node}`;
  const file = new URL(`../node_modules/${packageName}/package.json`, import.meta.url);
  const { version }: { readonly version: string } = JSON.parse(readFileSync(file, "utf8"));
  return version;
}
