import { createNoCache, Lens, memory, type Row, seedFromMaster } from "vantage-diorama";
import { type ContractData, sourceContract, type SourceSubject } from "vantage-diorama/testing";
import { describe, test } from "vitest";
import { settle, wholeOnly } from "./setup.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? 1);

/** What the facade of a Dio answers over a source that can only be read whole, and written. */
const facade = (cache: "complete" | "incomplete" | "none"): SourceSubject => ({
  seed,
  knowsOps: true,
  async create(data: ContractData) {
    const backend = memory<Row>(data.name, {
      id: data.id,
      columns: data.columns,
      rows: data.rows,
      capabilities: wholeOnly,
    });
    let builder = Lens.builder();
    if (cache === "complete") builder = builder.onStart(seedFromMaster);
    if (cache === "none") builder = builder.cacheSource(createNoCache());
    const lens = await builder.build();
    const dio = await lens.makeDio(backend);
    if (cache === "complete") dio.watch();
    return {
      source: dio.vista().source,
      async set(id, row) {
        backend.source.set(id, row);
        await settle();
      },
      close: () => lens.close({ drain: 0 }),
    };
  },
});

describe(`D20 D21 the facade of a complete cache is a source that can do everything (seed ${seed})`, () =>
  sourceContract(test, facade("complete")));

// Writes to rows that are not here are for the destination to refuse, and nobody watches the backend: reads only.
describe.for(["incomplete", "none"] as const)(
  `D22 D27 reads with a cache that is: %s (seed ${seed})`,
  (cache) =>
    sourceContract(
      (title, body) => (/^T(?:20|21|22)/.test(title) ? undefined : test(title, body)),
      facade(cache),
    ),
);
