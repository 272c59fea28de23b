/** Half of the named points, in a process of its own, on the built package: `node crash-points-round.ts <seed> <half>`. */
import { reportCrash } from "vantage-diorama/testing/node";
import { quickPointCases, runPointCases } from "./crash-points.ts";

const seed = Number(process.argv[2]);
const isSecond = process.argv[3] === "2";
const cases = quickPointCases(seed).filter((_, index) => index % 2 === (isSecond ? 1 : 0));
const setting = isSecond
  ? ({ sink: "log", durability: "process" } as const)
  : ({ sink: "once", durability: "fsync" } as const);
reportCrash("counts", await runPointCases(seed, setting, cases));
