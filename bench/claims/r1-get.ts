import { Lens, memory, seedFromMaster } from "vantage-diorama";
import { generateProducts, productColumns } from "vantage-diorama/testing";
import type { Claim } from "../claim.ts";
import { interleave } from "../measure.ts";

const GETS = 100_000;

/** One row by id through the facade, against an async function over a Map. */
export const claim: Claim = {
  id: "R1",
  title: "get(id) through the facade",
  left: "awaiting costs more than looking: the facade adds one call to an async function, and checks four flags before it looks.",
  async run({ rows, rounds, smoke }) {
    const count = Math.min(rows, 100_000);
    const products = [...generateProducts(count, 1)];
    const lens = await Lens.builder().onStart(seedFromMaster).build();
    const dio = await lens.makeDio(memory("products", { id: "id", columns: productColumns, rows: products }));
    const vista = dio.vista();
    const plain = new Map(products.map((product) => [product.id, product]));
    const getPlain = async (id: string): Promise<object | undefined> => plain.get(id);
    const ids = Array.from(
      { length: smoke ? 1_000 : GETS },
      (_, n) => products[(n * 7_919) % count]?.id ?? "",
    );

    let found = 0;
    const times = await interleave(rounds, {
      limit: async () => {
        for (const id of ids) if ((await getPlain(id)) !== undefined) found += 1;
      },
      ours: async () => {
        for (const id of ids) if ((await vista.get(id)) !== undefined) found += 1;
      },
    });
    await lens.close();
    if (found !== 2 * (rounds + 1) * ids.length) throw new Error(`${found} rows found`);
    const perCall = 1_000 / ids.length;
    return {
      findings: [
        {
          work: "await dio.vista().get(id), one of 100,000 rows",
          against: "an async function over Map.get",
          ours: times.ours.medianMs * perCall,
          limit: times.limit.medianMs * perCall,
          unit: "µs",
          ratio: times.ours.medianMs / times.limit.medianMs,
          target: 1.5,
        },
      ],
    };
  },
};
