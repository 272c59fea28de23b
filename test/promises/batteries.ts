import type { Battery } from "./battery.ts";
import { viewBattery } from "./view-battery.ts";

/** What `npm run soak` plays, in the order of its table. */
export const batteries: readonly Battery[] = [
  viewBattery, // P9
];
