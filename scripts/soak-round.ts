/**
 * One round of a battery in a process of its own: `soak-round.ts <module> <promise> <seed>`, started by
 * scripts/soak.ts, which it tells how the round ended. Whatever nobody caught breaks the round.
 */
import { messageOf } from "./soak/message-of.ts";
import { readBatteries } from "./soak/read-batteries.ts";
import type { Outcome } from "./soak/totals.ts";

const [, , module = "", promise = "", seed = ""] = process.argv;
let uncaught: Outcome | undefined;

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    uncaught ??= { reason: `${event}: ${messageOf(error)}` };
    console.error(error);
  });
}
// Without the soak nobody wants the round.
process.on("disconnect", () => process.exit(1));

const outcome = await play();
// What was left to its own devices gets a moment to fail.
await new Promise((resolve) => setTimeout(resolve, 20));
process.removeAllListeners("disconnect");
process.send?.(uncaught ?? outcome, () => process.disconnect());

async function play(): Promise<Outcome> {
  try {
    const battery = (await readBatteries(module)).find((each) => each.promise === promise);
    if (battery === undefined) return { reason: `${module} has no battery for ${promise}` };
    return { counts: await battery.run(Number(seed)) };
  } catch (error) {
    console.error(error);
    return { reason: messageOf(error) };
  }
}
