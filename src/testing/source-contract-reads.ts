import { assert } from "../base/index.ts";
import { everything } from "../query/index.ts";
import type { Entry } from "../record/index.ts";
import { columnNamesOf, type CapabilityName, type Source, type Vista } from "../vista/index.ts";
import { fails, same } from "./contract-check.ts";
import { createContractRow } from "./source-contract-data.ts";
import { sameAnswer, sameRow, type Proven, type ProveSource } from "./source-subject.ts";

export function proveReads(prove: ProveSource): void {
  proveRows(prove);
  proveClaims(prove);
}

function proveRows(prove: ProveSource): void {
  prove("T12 read gives every row once and exactly, as often as asked", async (proven) => {
    const expected = [...proven.data.rows];
    sameAnswer(await proven.vista.list(), expected, everything);
    sameAnswer(await proven.vista.list(), expected, everything);
  });

  prove("T12 reads at the same time do not disturb each other", async (proven) => {
    const expected = [...proven.data.rows];
    const answers = await Promise.all([proven.vista.list(), proven.vista.list(), proven.vista.list()]);
    for (const answer of answers) sameAnswer(answer, expected, everything);
  });

  prove("T12 a source without rows reads as none", async ({ subject, data }) => {
    const under = await subject.create({ ...data, rows: new Map() });
    try {
      const empty = await readAll(under.source);
      same(empty.length, 0, "rows of an empty source");
    } finally {
      await under.source.close?.();
      await under.close?.();
    }
  });

  prove("T12 a read stops when its reader does", async (proven) => {
    for await (const batch of proven.source.read(everything, {})) {
      assert(batch.length > 0, "a batch has rows");
      break;
    }
    sameAnswer(await proven.vista.list(), [...proven.data.rows], everything);
  });

  prove("T12 the schema lists the columns and the id column", async ({ source, data }) => {
    const names = columnNamesOf(source.schema);
    for (const name of Object.keys(data.columns)) assert(names.has(name), `the schema lists column ${name}`);
    same(source.schema.idColumn, "id", "id column");
  });

  prove("T13 get has each row, and none for other ids", async (proven) => {
    for (const [id, row] of proven.data.rows) sameRow(await proven.vista.get(id), row, `row ${id}`);
    for (const id of ["nobody", "row-0", "ROW-000", "' or 1=1 --", "../row-000", "__proto__", "😀"]) {
      same(await proven.vista.get(id), undefined, `row ${id}`);
    }
  });
}

function proveClaims(prove: ProveSource): void {
  prove(
    "T13 a version stays while nothing changes and moves on with a change; a fingerprint stays",
    async (proven, random) => {
      const { source, under, data } = proven;
      const fingerprint = source.fingerprint();
      assert(fingerprint !== "", "a fingerprint says something");
      const version = await source.version?.({});
      await proven.vista.list();
      same(await source.version?.({}), version, "version of unchanged rows");
      const [[id] = [""]] = data.rows;
      await under.set?.(id, createContractRow(random, id, data.columns));
      if (version !== undefined && under.set !== undefined) {
        assert((await source.version?.({})) !== version, "another version for changed rows");
      }
      same(source.fingerprint(), fingerprint, "fingerprint");
    },
  );

  prove("T14 a method is there for each claimed capability", async ({ source }) => {
    for (const [capability, methods] of Object.entries(methodsOf)) {
      if (!isClaimed(source, capability)) continue;
      for (const method of methods)
        assert(method in source, `${capability} is claimed, so there is ${method}()`);
    }
  });

  prove("T14 what is not claimed is unsupported", async ({ source, vista }) => {
    for (const [capability, ask] of Object.entries(asking)) {
      if (!isClaimed(source, capability)) await fails(ask(vista), "unsupported");
    }
  });

  prove("T23 an aborted read ends, and the source works on", async (proven) => {
    for (const abortedAt of [0, 1]) {
      const control = new AbortController();
      const read = readAll(proven.source, control.signal).catch(() => undefined);
      if (abortedAt === 1) await Promise.resolve();
      control.abort();
      await read;
    }
    const aborted = AbortSignal.abort();
    await readAll(proven.source, aborted).catch(() => undefined);
    await proven.source.get?.("row-000", { signal: aborted }).catch(() => undefined);
    await proven.source.count?.(everything, { signal: aborted }).catch(() => undefined);
    sameAnswer(await proven.vista.list(), [...proven.data.rows], everything);
  });

  prove("T23 closing twice is as closing once", async ({ source }: Proven) => {
    await source.close?.();
    await source.close?.();
  });
}

async function readAll(source: Source, signal?: AbortSignal): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for await (const batch of source.read(everything, { signal })) all.push(...batch);
  return all;
}

function isClaimed(source: Source, capability: string): boolean {
  return new Map<string, boolean>(Object.entries(source.capabilities)).get(capability) === true;
}

const methodsOf: Partial<Readonly<Record<CapabilityName, readonly (keyof Source)[]>>> = {
  canCount: ["count"],
  canInsert: ["insert"],
  canUpdate: ["replace", "patch"],
  canDelete: ["delete", "deleteAll"],
  canSubscribe: ["watch"],
  canFetchPage: ["page"],
  canFetchWindow: ["window"],
  canFetchNext: ["next"],
};

/** How each capability is asked for. */
const asking: Readonly<Record<CapabilityName, (vista: Vista) => Promise<unknown>>> = {
  canCount: (vista) => vista.count(),
  canInsert: (vista) => vista.insert("new", { id: "new" }),
  canUpdate: (vista) => vista.replace("new", { id: "new" }),
  canDelete: (vista) => vista.deleteAll(),
  canSubscribe: async (vista) => vista.watch(),
  canOrder: (vista) => vista.orderBy("id").list(),
  canSearch: (vista) => vista.search("a").list(),
  canMatch: (vista) => vista.where("id", "row-000").list(),
  canFilter: (vista) => vista.where("id", "!=", "row-000").list(),
  canFetchPage: (vista) => vista.fetchPage(1, 10),
  canFetchNext: (vista) => vista.fetchNext(),
  canFetchWindow: (vista) => vista.fetchWindow(0, 10),
  canTraverse: async (vista) => vista.related("nowhere", {}),
};
