export { type FillCall, type FillProgress, reconcileWithMaster, seedFromMaster } from "./fill-from-master.ts";
export { Lens } from "./lens.ts";
export type { LensBuilder } from "./lens-builder.ts";
export type { LensSettings, MakeDioSettings, WriteQueueSettings } from "./settings.ts";
