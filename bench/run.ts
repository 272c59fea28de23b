/** Runs every claim in processes of its own and writes what was found: `node bench/run.ts [--smoke | --merge] [claim …]`. */
import "./built-package.ts";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import type { Claim, Finding, Scale } from "./claim.ts";
import { installPeers } from "./install-peers.ts";
import { median } from "./measure.ts";
import { medianTable } from "./report-table.ts";
import { toJson, toMarkdown, type Result } from "./report.ts";

const folder = import.meta.dirname;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: "boolean", default: false },
    /** Put what the named claims found in the place of what the results have of them. */
    merge: { type: "boolean", default: false },
    /** Run this claim here and print what it found as JSON. */
    here: { type: "boolean", default: false },
    rows: { type: "string", default: "1000000" },
  },
});
const scale: Scale = values.smoke
  ? { smoke: true, rows: 2_000, rounds: 2 }
  : { smoke: false, rows: Number(values.rows), rounds: 15 };

if (values.here) await runHere(positionals[0] ?? "");
else runAll(positionals);

async function runHere(name: string): Promise<void> {
  const { claim }: { claim: Claim } = await import(path.join(folder, "claims", `${name}.ts`));
  const { findings, tables = [] } = await claim.run(scale);
  const { id, title, left, processes = 3 } = claim;
  const result: Result = { id, title, left, processes, findings, tables };
  process.stdout.write(JSON.stringify(result));
}

function runAll(wanted: readonly string[]): void {
  const names = readdirSync(path.join(folder, "claims")).map((file) => path.basename(file, ".ts"));
  const chosen = names.filter((name) => wanted.length === 0 || wanted.some((each) => name.startsWith(each)));
  // The smoke run takes those that are there: it needs no network.
  if (!scale.smoke && chosen.some((name) => name.includes("peers"))) installPeers();
  const results = chosen.map(runClaim);
  process.stdout.write(toMarkdown(results, scale));
  if (scale.smoke) return;
  if (wanted.length === 0) write(results);
  else if (values.merge) write(merged(results, `npm run bench -- ${wanted.join(" ")} --merge`));
}

function write(results: readonly Result[]): void {
  writeFileSync(path.join(folder, "RESULTS.md"), toMarkdown(results, scale));
  writeFileSync(path.join(folder, "results.json"), toJson(results, scale));
}

/** The results as they are written, with these in the place of those of the same claims. */
function merged(found: readonly Result[], by: string): Result[] {
  const text = readFileSync(path.join(folder, "results.json"), "utf8");
  const { results }: { results: Result[] } = JSON.parse(text);
  const isSame = (one: Result) => (other: Result) => one.id === other.id && one.title === other.title;
  const others = results.filter((one) => !found.some(isSame(one)));
  return [...others, ...found.map((one) => ({ ...one, by }))];
}

/** The median of several processes, finding by finding and cell by cell. */
function runClaim(name: string): Result {
  const first = runOnce(name);
  const runs = [first];
  while (!scale.smoke && runs.length < first.processes) runs.push(runOnce(name));
  const findings = first.findings.map((finding, index): Finding => {
    const all = runs.map((run) => run.findings[index] ?? finding);
    const middle = median(all.map((each) => each.ratio));
    return all.toSorted((a, b) => Math.abs(a.ratio - middle) - Math.abs(b.ratio - middle))[0] ?? finding;
  });
  const tables = first.tables.map((table, index) =>
    medianTable(runs.map((run) => run.tables[index] ?? table)),
  );
  return { ...first, findings, tables };
}

function runOnce(name: string): Result {
  const start = performance.now();
  process.stderr.write(`${name} … `);
  const flags = ["--here", name, "--rows", String(scale.rows), ...(scale.smoke ? ["--smoke"] : [])];
  const child = spawnSync(process.execPath, [import.meta.filename, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (child.status !== 0) throw new Error(`${name} ended with ${child.status ?? child.signal}`);
  const result: Result = JSON.parse(child.stdout.toString());
  if (result.findings.some((finding) => !Number.isFinite(finding.ratio)))
    throw new Error(`${name} found no figure`);
  process.stderr.write(`${((performance.now() - start) / 1_000).toFixed(0)} s\n`);
  return result;
}
