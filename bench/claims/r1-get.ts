import { Lens, memory, seedFromMaster } from "vantage-diorama";
import { generateProducts, productColumns } from "vantage-diorama/testing";
import type { Claim, Finding } from "../claim.ts";
import { interleave } from "../measure.ts";

const GETS = 100_000;
const SHOWN = 1_000;

/** One row by id through the facade, against an async function over a Map. */
export const claim: Claim = {
  id: "R1",
  title: "get(id) through the facade, and a Scenery's row",
  left: "awaiting costs more than looking: the facade adds one call to an async function, and checks four flags before it looks. A Scenery keeps the row that it was told of, and looks it up only where something has changed since.",
  async run({ rows, rounds, smoke }) {
    const count = Math.min(rows, 100_000);
    const products = [...generateProducts(count, 1)];
    const lens = await Lens.builder().onStart(seedFromMaster).build();
    const dio = await lens.makeDio(memory("products", { id: "id", columns: productColumns, rows: products }));
    const plain = new Map(products.map((product) => [product.id, product]));
    const ids = Array.from(
      { length: smoke ? 1_000 : GETS },
      (_, n) => products[(n * 7_919) % count]?.id ?? "",
    );
    const findings = [await facade(), await scenery()];
    await lens.close();
    return { findings };

    async function facade(): Promise<Finding> {
      const vista = dio.vista();
      const getPlain = async (id: string): Promise<object | undefined> => plain.get(id);
      let found = 0;
      const times = await interleave(rounds, {
        limit: async () => {
          for (const id of ids) if ((await getPlain(id)) !== undefined) found += 1;
        },
        ours: async () => {
          for (const id of ids) if ((await vista.get(id)) !== undefined) found += 1;
        },
      });
      if (found !== 2 * (rounds + 1) * ids.length) throw new Error(`${found} rows found`);
      return {
        ...perCall(times.ours.medianMs, times.limit.medianMs, ids.length),
        work: `await dio.vista().get(id), one of ${count.toLocaleString("en")} rows`,
        against: "an async function over Map.get",
      };
    }

    async function scenery(): Promise<Finding> {
      const shown = ids.slice(0, SHOWN);
      const sceneries = shown.map((id) => dio.recordScenery(id));
      const turns = ids.length / SHOWN;
      let found = 0;
      const times = await interleave(rounds, {
        limit: () => {
          for (let turn = 0; turn < turns; turn++)
            for (const id of shown) if (plain.get(id) !== undefined) found += 1;
        },
        ours: () => {
          for (let turn = 0; turn < turns; turn++)
            for (const each of sceneries) if (each.row !== undefined) found -= 1;
        },
      });
      if (found !== 0) throw new Error(`${found} rows were not shown`);
      for (const each of sceneries) each.close();
      return {
        ...perCall(times.ours.medianMs, times.limit.medianMs, turns * SHOWN),
        work: `dio.recordScenery(id).row, one of ${SHOWN.toLocaleString("en")} open`,
        against: "Map.get",
      };
    }
  },
};

const perCall = (
  oursMs: number,
  limitMs: number,
  calls: number,
): Pick<Finding, "ours" | "limit" | "unit" | "ratio" | "target"> => ({
  ours: (oursMs * 1_000) / calls,
  limit: (limitMs * 1_000) / calls,
  unit: "µs",
  ratio: oursMs / limitMs,
  target: 1.5,
});
