/** Runs every claim in processes of its own and writes what was found: `node bench/run.ts [--smoke] [claim …]`. */
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import type { Claim, Finding, Scale } from "./claim.ts";
import { median } from "./measure.ts";
import { toJson, toMarkdown, type Result } from "./report.ts";

const folder = import.meta.dirname;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    smoke: { type: "boolean", default: false },
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
  const findings = await claim.run(scale);
  process.stdout.write(JSON.stringify({ id: claim.id, title: claim.title, left: claim.left, findings }));
}

function runAll(wanted: readonly string[]): void {
  const names = readdirSync(path.join(folder, "claims")).map((file) => path.basename(file, ".ts"));
  const chosen = names.filter((name) => wanted.length === 0 || wanted.some((each) => name.startsWith(each)));
  const results = chosen.map((name) => runClaim(name, scale.smoke ? 1 : 3));
  process.stdout.write(toMarkdown(results, scale));
  if (!scale.smoke && wanted.length === 0) {
    writeFileSync(path.join(folder, "RESULTS.md"), toMarkdown(results, scale));
    writeFileSync(path.join(folder, "results.json"), toJson(results, scale));
  }
}

/** The median of several processes, finding by finding. */
function runClaim(name: string, processes: number): Result {
  const runs = Array.from({ length: processes }, () => runOnce(name));
  const [first] = runs;
  if (first === undefined) throw new Error(`${name} did not run`);
  const findings = first.findings.map((finding, index): Finding => {
    const all = runs.map((run) => run.findings[index] ?? finding);
    const middle = median(all.map((each) => each.ratio));
    return all.toSorted((a, b) => Math.abs(a.ratio - middle) - Math.abs(b.ratio - middle))[0] ?? finding;
  });
  return { ...first, findings };
}

function runOnce(name: string): Result {
  process.stderr.write(`${name} …\n`);
  const flags = ["--here", name, "--rows", String(scale.rows), ...(scale.smoke ? ["--smoke"] : [])];
  const child = spawnSync(process.execPath, [import.meta.filename, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (child.status !== 0) throw new Error(`${name} ended with ${child.status ?? child.signal}`);
  const result: Result = JSON.parse(child.stdout.toString());
  if (result.findings.some((finding) => !Number.isFinite(finding.ratio)))
    throw new Error(`${name} found no figure`);
  return result;
}
