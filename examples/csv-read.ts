import { csv } from "vantage-diorama/sources/csv";

// #region read
interface Place {
  readonly zip_code: string;
  readonly city: string;
  readonly state: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly county: string | null;
}

const places = await csv<Place>("zipcodes.csv", { id: "zip_code", title: "city" });

for (const { name, type } of places.schema.columns) console.log(name, type);
console.log(await places.count(), "places, the first of them:");
for await (const [id, place] of places) {
  console.log(id, place.city, place.latitude);
  break;
}
// #endregion
