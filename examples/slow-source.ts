import { setTimeout as sleep } from "node:timers/promises";
import { createCapabilities, createSchema, Lens, seedFromMaster, type Source } from "vantage-diorama";

let reads = 0;

// #region source
const cities: Source = {
  name: "cities",
  schema: createSchema({ id: "city", columns: { city: "text", country: "text", people: "integer" } }),
  capabilities: createCapabilities({}),
  fingerprint: () => "cities of the report service",
  async *read() {
    reads += 1;
    await sleep(500); // a report service takes its time
    yield [
      ["Bergen", { city: "Bergen", country: "Norway", people: 291_000 }],
      ["Oslo", { city: "Oslo", country: "Norway", people: 717_000 }],
      ["Riga", { city: "Riga", country: "Latvia", people: 605_000 }],
      ["Tallinn", { city: "Tallinn", country: "Estonia", people: 453_000 }],
    ];
  },
};
// #endregion

{
  // #region ten-lines
  const lens = await Lens.builder().cacheAt("./cache").onStart(seedFromMaster).refreshEvery("10m").build();
  const dio = await lens.makeDio(cities);

  const big = dio.vista().where("people", ">", 400_000).orderBy("people", "desc");
  for await (const [id, row] of big) console.log(id, row.people);
  console.log("Norway:", await dio.vista().search("norway").count());
  console.log("second page:", [...(await big.fetchPage(2, 2)).rows.keys()].join(" "));

  await lens.close();
  // #endregion
}
console.log("reads of the source:", reads);
{
  // #region again
  const lens = await Lens.builder().cacheAt("./cache").onStart(seedFromMaster).refreshEvery("10m").build();
  const dio = await lens.makeDio(cities);
  console.log("Riga is in", (await dio.vista().get("Riga"))?.country);
  await lens.close();
  // #endregion
}
console.log("reads of the source:", reads);
{
  const lens = await Lens.builder().cacheAt("./cache").onStart(seedFromMaster).build();
  const dio = await lens.makeDio(cities);
  // #region live
  const largest = await dio.tableScenery({ orderBy: [["people", "desc"]] }).open();
  largest.subscribe(() => console.log("now first:", largest.row(0)?.id));
  console.log("first:", largest.row(0)?.id, "of", largest.rowCount);
  await dio.handleEvent({ type: "updated", id: "Riga", row: { country: "Latvia", people: 800_000 } });
  largest.close();
  // #endregion
  await lens.close();
}
