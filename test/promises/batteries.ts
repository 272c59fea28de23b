import { badSourceBattery } from "./bad-source-battery.ts";
import type { Battery } from "./battery.ts";
import { oneFlightBattery } from "./one-flight-battery.ts";
import { slowSubscribersBattery } from "./slow-subscribers-battery.ts";
import { viewBattery } from "./view-battery.ts";

/** What `npm run soak` plays, in the order of its table. */
export const batteries: readonly Battery[] = [
  viewBattery, // P9
  badSourceBattery, // P12
  oneFlightBattery, // P14
  slowSubscribersBattery, // P15
];
