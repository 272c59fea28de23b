import { describe, test } from "vitest";
import { queueContract } from "../testing/index.ts";
import { createMemoryQueues } from "./index.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

describe("the memory queue", () => {
  queueContract(test, { durable: false, seed, open: async () => createMemoryQueues() });
});
