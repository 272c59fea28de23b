import { describe, test } from "vitest";
import { cacheContract } from "../testing/index.ts";
import { createMemoryCache, createNoCache } from "./index.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

describe("the memory cache", () => {
  cacheContract(test, { durable: false, keeps: true, seed, open: async () => createMemoryCache() });
});

describe("the cache that keeps nothing", () => {
  cacheContract(test, { durable: false, keeps: false, seed, open: async () => createNoCache() });
});
