import { describe, expect, test } from "vitest";
import type { Query } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { allCapabilityNames, memory, type Capabilities, type Source } from "../vista/index.ts";
import { createFaultySource } from "./faulty-source.ts";
import { sourceContract } from "./source-contract.ts";
import type { ContractData, SourceSubject } from "./source-subject.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? 1);

function createMemory(data: ContractData, capabilities: Partial<Capabilities> = {}) {
  return memory<Row>(data.name, { id: data.id, columns: data.columns, rows: data.rows, capabilities }).source;
}

const memorySubject = (capabilities: Partial<Capabilities> = {}): SourceSubject => ({
  seed,
  knowsOps: true,
  create: (data) => {
    const source = createMemory(data, capabilities);
    return { source, set: (id, row) => source.set(id, row) };
  },
});

describe(`memory with everything (seed ${seed})`, () => sourceContract(test, memorySubject()));

describe.each(allCapabilityNames)(`memory without %s (seed ${seed})`, (name) => {
  sourceContract(test, memorySubject({ [name]: false }));
});

describe(`memory without anything (seed ${seed})`, () => {
  const nothing = Object.fromEntries(allCapabilityNames.map((name) => [name, false]));
  sourceContract(test, memorySubject(nothing));
});

describe(`a faulty source without faults (seed ${seed})`, () => {
  sourceContract(test, {
    seed,
    knowsOps: true,
    create: (data) => ({ source: createFaultySource(createMemory(data)) }),
  });
});

/** The titles of the contract's tests that a subject fails. */
async function failed(subject: SourceSubject): Promise<string[]> {
  const bodies: [string, () => Promise<void>][] = [];
  sourceContract((title, body) => bodies.push([title, body]), subject);
  const titles: string[] = [];
  for (const [title, body] of bodies) {
    await body().catch(() => titles.push(title));
  }
  return titles;
}

/** A memory source of which some methods are wrong. */
const broken = (change: (source: ReturnType<typeof createMemory>) => Partial<Source>): SourceSubject => ({
  seed,
  knowsOps: true,
  create: (data) => {
    const source = createMemory(data);
    const wrong = change(source);
    const proxy = new Proxy(source, {
      get: (target, key) => {
        const value: unknown = Reflect.get(key in wrong ? wrong : target, key);
        return typeof value === "function" ? value.bind(key in wrong ? wrong : target) : value;
      },
      has: (target, key) => (key in wrong ? Reflect.get(wrong, key) !== undefined : key in target),
    });
    return { source: proxy, set: (id, row) => source.set(id, row) };
  },
});

const withoutSome = (query: Query): Query => ({ ...query, conditions: query.conditions.slice(1) });

describe("the contract finds", () => {
  test("T24 nothing in a source that honours it", async () => {
    expect(await failed(memorySubject())).toEqual([]);
    expect(await failed(broken(() => ({})))).toEqual([]);
  });

  test.each<[string, string, (source: ReturnType<typeof createMemory>) => Partial<Source>]>([
    [
      "a read that ignores a condition",
      "T15",
      (source) => ({ read: (query, call) => source.read(withoutSome(query), call) }),
    ],
    [
      "a read that ignores the order",
      "T16",
      (source) => ({ read: (query, call) => source.read({ ...query, order: [] }, call) }),
    ],
    [
      "a read that forgets ties and later columns",
      "T16",
      (source) => ({
        read: (query, call) => source.read({ ...query, order: query.order.slice(0, 1) }, call),
      }),
    ],
    [
      "a read that ignores the search",
      "T17",
      (source) => ({ read: (query, call) => source.read({ ...query, search: undefined }, call) }),
    ],
    [
      "a read that loses its last row",
      "T12",
      (source) => ({
        async *read(query, call) {
          for await (const batch of source.read(query, call)) yield batch.slice(0, -1);
        },
      }),
    ],
    [
      "a read that gives a batch twice",
      "T12",
      (source) => ({
        async *read(query, call) {
          for await (const batch of source.read(query, call)) {
            yield batch;
            yield batch;
          }
        },
      }),
    ],
    [
      "a get that finds the wrong row",
      "T13",
      (source) => ({ get: async (id) => source.rows.get(id) ?? [...source.rows.values()][0] }),
    ],
    ["a version that never moves", "T13", () => ({ version: async () => "1" })],
    ["a version that always moves", "T13", () => ({ version: async () => String(Math.random()) })],
    [
      "a fingerprint that tells the content",
      "T13",
      (source) => ({
        fingerprint: () =>
          JSON.stringify(source.rows.get("row-000")?.["text_b"] ?? source.rows.get("row-000")?.["text_a"]),
      }),
    ],
    [
      "a claim without its method",
      "T14",
      () => ({ window: undefined as unknown as NonNullable<Source["window"]> }),
    ],
    ["a count of everything", "T18", (source) => ({ count: async () => source.rows.size })],
    [
      "a total of the page",
      "T19",
      (source) => ({
        page: async (query, page) => ({ ...(await source.page(query, page)), total: page.size }),
      }),
    ],
    [
      "pages that count from 0",
      "T19",
      (source) => ({ page: (query, { number, size }) => source.page(query, { number: number + 1, size }) }),
    ],
    [
      "a window that is one off",
      "T19",
      (source) => ({
        window: (query, { offset, limit }) => source.window(query, { offset: offset + 1, limit }),
      }),
    ],
    [
      "a walk that repeats a row",
      "T19",
      (source) => ({
        next: async (query, from) =>
          from.token === undefined ? source.next(query, from) : { rows: [...source.rows].slice(0, 1) },
      }),
    ],
    [
      "a walk that believes any token",
      "T19",
      (source) => ({ next: async (query, from) => source.next(query, from).catch(() => ({ rows: [] })) }),
    ],
    [
      "an insert that overwrites",
      "T20",
      (source) => ({ insert: (id, row, call) => source.replace(id, row, call) }),
    ],
    [
      "an insert that answers with something else",
      "T20",
      (source) => ({
        insert: async (id, row, call) => ({ ...(await source.insert(id, row, call)), text_a: "other" }),
      }),
    ],
    [
      "a patch that replaces",
      "T20",
      (source) => ({ patch: (id, partial, call) => source.replace(id, partial as Row, call) }),
    ],
    [
      "a replace that merges",
      "T20",
      (source) => ({
        replace: async (id, row, call) =>
          source.rows.has(id) ? source.patch(id, row, call) : source.insert(id, row, call),
      }),
    ],
    ["a delete that never misses", "T20", (source) => ({ delete: async (id) => void source.remove(id) })],
    [
      "a deleteAll that deletes too much",
      "T20",
      (source) => ({ deleteAll: async () => source.replaceAll(new Map()) }),
    ],
    ["an op that is done twice", "T21", (source) => ({ insert: (id, row) => source.insert(id, row, {}) })],
    ["a watch that never ends", "T22", (source) => ({ watch: () => source.watch({}) })],
    [
      "a watch that tells of deletions only",
      "T22",
      () => ({
        async *watch() {
          yield { type: "deleted", id: "row-000" } as const;
        },
      }),
    ],
  ])("T24 %s", async (_what, rule, change) => {
    const titles = await failed(broken(change));
    expect(titles.join("\n")).toContain(rule);
  });
});
