import { Lens, seedFromMaster } from "vantage-diorama";
import { generateProducts } from "vantage-diorama/testing";
import type { Claim, Finding } from "../claim.ts";
import { median } from "../measure.ts";
import { inTemporaryFolder } from "../temporary-folder.ts";
import { iteratorSource, seed } from "./p1-seed.ts";

/** A warm start answers `get` and `count` before the rows have been read: the same at any size. */
export const claim: Claim = {
  id: "P2a",
  title: "a warm start answers get and count at once",
  async run({ rows, smoke }) {
    const small = await warmStart(Math.min(rows, 10_000), smoke ? 1 : 5);
    const large = await warmStart(rows, smoke ? 1 : 5);
    const finding: Finding = {
      work: `makeDio, count() and get(id) of ${rows.toLocaleString("en")} stored rows`,
      against: "the same of 10,000",
      ours: large,
      limit: small,
      unit: "ms",
      ratio: large / 100,
      target: 1,
      note: "judged against 100 ms",
    };
    return [finding];
  },
};

function warmStart(rows: number, rounds: number): Promise<number> {
  return inTemporaryFolder(async (folder) => {
    const products = [...generateProducts(rows, 1)];
    await seed(folder, iteratorSource(products));
    const last = products.at(-1)?.id ?? "";
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const lens = await Lens.builder().cacheAt(folder).onStart(seedFromMaster).build();
      const start = performance.now();
      const dio = await lens.makeDio(iteratorSource(products));
      const count = await dio.vista().count();
      const row = await dio.vista().get(last);
      times.push(performance.now() - start);
      if (count !== rows || row === undefined) throw new Error("the warm start lost rows");
      await lens.close();
    }
    return median(times);
  });
}
