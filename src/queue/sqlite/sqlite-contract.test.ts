import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, test } from "vitest";
import { queueContract } from "../../testing/index.ts";
import { openDurableQueues } from "./index.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const root = mkdtempSync(join(tmpdir(), "diorama-queue-"));

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the durable queue", () => {
  queueContract(test, { durable: true, seed, open: (place) => openDurableQueues(join(root, place)) });
});
