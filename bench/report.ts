import { cpus, totalmem } from "node:os";
import type { Finding, Scale, Table } from "./claim.ts";
import { tableLines } from "./report-table.ts";

/** What one claim found. */
export interface Result {
  readonly id: string;
  readonly title: string;
  readonly left: string;
  /** In how many processes it was measured. */
  readonly processes: number;
  readonly findings: readonly Finding[];
  readonly tables: readonly Table[];
  /** The command, where it was measured by itself and not with the others. */
  readonly by?: string;
}

/** The share by which a noisy machine may miss a target. */
const MARGIN = 1.2;

export function toMarkdown(results: readonly Result[], scale: Scale): string {
  const lines = [
    "# Results",
    "",
    `Made by \`npm run bench\` on Node ${process.versions.node}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB of memory.`,
    scale.smoke
      ? "A smoke run: the figures mean nothing."
      : "Each figure is the median of three processes, of one where libraries stand beside each other; what is judged is the ratio, taken within one process. A target counts as missed beyond a margin of 20 %.",
    ...results.flatMap(({ id, title, by }) =>
      by === undefined ? [] : [`${id} (${title}) was measured by itself: \`${by}\`.`],
    ),
    "",
    "| | work | ours | against | that | ratio | target | |",
    "|---|---|--:|---|--:|--:|--:|---|",
    ...results.flatMap(({ id, findings }) => findings.map((finding) => findingLine(id, finding, scale))),
    ...results.flatMap(({ tables }) => tables.flatMap((table) => ["", ...tableLines(table)])),
    "",
    "## What is left of the distance",
    "",
    ...results.map(({ id, title, left }) => `- **${id}**, ${title}: ${left}`),
  ];
  return `${lines.join("\n")}\n`;
}

export function toJson(results: readonly Result[], scale: Scale): string {
  const machine = { node: process.versions.node, cores: cpus().length, memoryBytes: totalmem() };
  return `${JSON.stringify({ ...machine, scale, results }, undefined, 2)}\n`;
}

function findingLine(id: string, finding: Finding, scale: Scale): string {
  const { work, ours, limit, against, unit, ratio, target, note } = finding;
  const verdict = scale.smoke ? "" : verdictOf(ratio, target);
  const remark = [verdict, note].filter((part) => part !== undefined && part !== "").join("; ");
  const that = limit === undefined ? "" : `${figure(limit)} ${unit}`;
  return `| ${id} | ${work} | ${figure(ours)} ${unit} | ${against} | ${that} | ${ratio.toFixed(2)} | ${target.toFixed(2)} | ${remark} |`;
}

function verdictOf(ratio: number, target: number): string {
  if (ratio <= target) return "met";
  return ratio <= target * MARGIN ? "met within the margin" : "missed";
}

function figure(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 1 ? value.toFixed(1) : value.toFixed(3);
}
