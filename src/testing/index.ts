export type { Faults, SourceCall } from "./faults.ts";
export { createFaultySource, type FaultOptions, type FaultySource } from "./faulty-source.ts";
export { createManualClock, type ManualClock } from "./manual-clock.ts";
export { generateProducts, productColumns, type Product } from "./products.ts";
export { createRandom, deriveSeed, type Random } from "./random.ts";
export { cacheContract, type CacheSubject } from "./cache-contract.ts";
export { queueContract, type QueueSubject } from "./queue-contract.ts";
