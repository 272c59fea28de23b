import { Lens } from "vantage-diorama";
import { csv } from "vantage-diorama/sources/csv";

const lens = await Lens.builder()
  .cacheAt("./cache")
  .onStart(async (dio) => {
    await dio.cache.insertAll(await dio.master.list());
  })
  .onWrite(async (_dio, op) => {
    console.log("routed", op.kind, op.id);
  })
  .refreshEvery("5m")
  .build();

const zips = await lens.makeDio(await csv("zipcodes.csv", { id: "zip_code" }));

const page = await zips.vista()
  .where("state", "CA")
  .where("longitude", "<", -120)
  .search("san")
  .orderBy("city")
  .fetchPage(1, 20);
for (const [id, row] of page.rows) console.log(id, row.city);

const events = zips.subscribeEvents();
await zips.vista().replace("99999", { zip_code: "99999", city: "Nowhere", state: "AK" });
console.log((await zips.vista().get("99999"))?.city);
for await (const event of events) {
  if (event.type === "writeConfirmed") break;
}
await lens.close();
