/** One round of the battery in a process of its own, on the built package: `node crash-round.ts <seed>`. */
import { reportCrash } from "vantage-diorama/testing/node";
import { crashBattery } from "./crash-battery.ts";

reportCrash("counts", await crashBattery.run(Number(process.argv[2])));
