/** One trial in a process of its own, on the built package: `node crash-round.ts <seed> <kills> <kills during recovery>`. */
import { reportCrash } from "vantage-diorama/testing/node";
import { runCrashTrial } from "./crash-trial.ts";

const [seed = 1, kills = 1, recoveryKills = 0] = process.argv.slice(2).map(Number);
reportCrash("counts", await runCrashTrial({ seed, kills, recoveryKills }));
