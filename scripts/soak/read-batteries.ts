import { pathToFileURL } from "node:url";
import type { Battery } from "../../test/promises/battery.ts";

/** The batteries of a module that exports them as `batteries`. Their promises tell them apart. */
export async function readBatteries(path: string): Promise<readonly Battery[]> {
  const loaded: unknown = await import(pathToFileURL(path).href);
  if (typeof loaded !== "object" || loaded === null || !("batteries" in loaded))
    throw new Error(`${path} exports no batteries`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the compiler checks the modules that are named here
  const batteries = loaded.batteries as readonly Battery[];
  const twice = batteries.find(
    ({ promise }, at) => batteries.findIndex((each) => each.promise === promise) !== at,
  );
  if (twice !== undefined)
    throw new Error(`${path}: two batteries say ${twice.promise}; give each a promise of its own`);
  return batteries;
}
