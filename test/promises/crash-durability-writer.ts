/** Writes while nothing can be sent, and dies once all is acknowledged: `node crash-durability-writer.ts <folder> <durability> <writes>`. */
import { createActivity, type Durability, Lens, memory } from "vantage-diorama";
import { passCrashPoint, reportCrash } from "vantage-diorama/testing/node";

const [folder = "", durability, writes] = process.argv.slice(2);
const lens = await Lens.builder()
  .cacheAt(folder)
  .activity(createActivity("offline"))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one of the three, as the test says
  .writeQueue({ durability: durability as Durability })
  .build();
const dio = await lens.makeDio(memory("things", { id: "id" }));
for (let n = 0; n < Number(writes); n++) {
  await dio.vista().replace(`r${n}`, { id: `r${n}`, n });
  reportCrash("acknowledged");
}
passCrashPoint("written");
