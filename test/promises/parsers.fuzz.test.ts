import { expect, test } from "vitest";
import { runParsers } from "./parsers-battery.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const inputs = Math.ceil(2_000 * Number(process.env["DIORAMA_RUNS"] ?? 1));

test(
  `P17 ${inputs} inputs to everything that reads bytes or text: answered or refused, in time, and without growing`,
  async () => {
    const counts = await runParsers(seed, inputs);
    console.log(`P17 DIORAMA_SEED=${seed}: ${JSON.stringify(counts)}`);
    expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(0);
  },
  120_000 + inputs * 20,
);
