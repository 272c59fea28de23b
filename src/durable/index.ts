export { openDurable } from "./open-durable.ts";
export type { DurableOptions, DurableStores } from "./stores.ts";
