import { cpus, totalmem } from "node:os";
import type { Finding, Scale } from "./claim.ts";

/** What one claim found. */
export interface Result {
  readonly id: string;
  readonly title: string;
  readonly left: string;
  readonly findings: readonly Finding[];
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
      : "Each figure is the median of three processes; what is judged is the ratio, taken within one process. A target counts as missed beyond a margin of 20 %.",
    "",
    "| | work | ours | against | that | ratio | target | |",
    "|---|---|--:|---|--:|--:|--:|---|",
  ];
  for (const { id, findings } of results) {
    for (const finding of findings) {
      const { work, ours, limit, against, unit, ratio, target, note } = finding;
      const verdict = scale.smoke
        ? ""
        : ratio <= target
          ? "met"
          : ratio <= target * MARGIN
            ? "met within the margin"
            : "missed";
      const remark = [verdict, note].filter((part) => part !== undefined && part !== "").join("; ");
      const that = limit === undefined ? "" : `${figure(limit)} ${unit}`;
      lines.push(
        `| ${id} | ${work} | ${figure(ours)} ${unit} | ${against} | ${that} | ${ratio.toFixed(2)} | ${target.toFixed(2)} | ${remark} |`,
      );
    }
  }
  lines.push("", "## What is left of the distance", "");
  for (const { id, title, left } of results) lines.push(`- **${id}**, ${title}: ${left}`);
  return `${lines.join("\n")}\n`;
}

export function toJson(results: readonly Result[], scale: Scale): string {
  return `${JSON.stringify({ node: process.versions.node, scale, results }, undefined, 2)}\n`;
}

function figure(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 1 ? value.toFixed(1) : value.toFixed(3);
}
