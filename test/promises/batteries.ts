import { badSourceBattery } from "./bad-source-battery.ts";
import type { Battery } from "./battery.ts";
import { cacheDamageBattery } from "./cache-damage-battery.ts";
import { clockJumpsBattery } from "./clock-jumps-battery.ts";
import { crashBattery } from "./crash-battery.ts";
import { diskFullBattery } from "./disk-full-battery.ts";
import { interleavingsBattery } from "./interleavings-battery.ts";
import { modelBattery } from "./model-battery.ts";
import { oneFlightBattery } from "./one-flight-battery.ts";
import { oneProcessBattery } from "./one-process-battery.ts";
import { parsersBattery } from "./parsers-battery.ts";
import { poisonBattery } from "./poison-battery.ts";
import { queueDamageBattery } from "./queue-damage-battery.ts";
import { slowSubscribersBattery } from "./slow-subscribers-battery.ts";
import { upstreamBattery } from "./upstream-events-battery.ts";
import { viewBattery } from "./view-battery.ts";

/** What `npm run soak` plays, in the order of its table. */
export const batteries: readonly Battery[] = [
  crashBattery, // P1 P2
  poisonBattery, // P3 P4
  cacheDamageBattery, // P5
  queueDamageBattery, // P6
  diskFullBattery, // P7
  oneProcessBattery, // P8
  viewBattery, // P9
  modelBattery, // P10
  interleavingsBattery, // P11
  badSourceBattery, // P12
  upstreamBattery, // P13
  oneFlightBattery, // P14
  slowSubscribersBattery, // P15
  clockJumpsBattery, // P16
  parsersBattery, // P17
];
