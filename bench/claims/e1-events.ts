import { Lens, memory } from "vantage-diorama";
import type { Claim, Finding } from "../claim.ts";
import { interleave } from "../measure.ts";

/** One event to many subscribers, against the least that telling them costs. */
export const claim: Claim = {
  id: "E1",
  title: "one event to 10,000 subscribers",
  left: "to handlers it is the insert itself, 2.6 to 4 µs of the 20 that 10,000 calls take; to iterators nothing but the promises that the limit makes as well.",
  async run({ rounds, smoke }) {
    const subscribers = smoke ? 100 : 10_000;
    return { findings: [await toHandlers(subscribers, rounds), await toIterators(subscribers, rounds)] };
  },
};

const EVENTS_A_ROUND = 20;

async function toHandlers(subscribers: number, rounds: number): Promise<Finding> {
  const lens = await Lens.builder().build();
  const dio = await lens.makeDio(memory("rows", { id: "id", columns: { n: "integer" } }));
  let told = 0;
  for (let n = 0; n < subscribers; n++) dio.on("recordInserted", () => (told += 1));
  const callbacks = Array.from({ length: subscribers }, () => () => (told += 1));
  let inserted = 0;
  const times = await interleave(rounds, {
    limit: () => {
      for (let event = 0; event < EVENTS_A_ROUND; event++) for (const callback of callbacks) callback();
    },
    ours: async () => {
      for (let event = 0; event < EVENTS_A_ROUND; event++) {
        inserted += 1;
        await dio.cache.insert(`r${inserted}`, { id: `r${inserted}`, n: inserted });
      }
    },
  });
  await lens.close();
  if (told !== 2 * (rounds + 1) * EVENTS_A_ROUND * subscribers) throw new Error(`${told} calls`);
  return {
    work: "one insert, told to 10,000 `on` handlers",
    against: "a loop over an array of callbacks",
    ours: (times.ours.medianMs * 1_000) / EVENTS_A_ROUND,
    limit: (times.limit.medianMs * 1_000) / EVENTS_A_ROUND,
    unit: "µs",
    ratio: times.ours.medianMs / times.limit.medianMs,
    target: 1.5,
  };
}

async function toIterators(subscribers: number, rounds: number): Promise<Finding> {
  const lens = await Lens.builder().build();
  const dio = await lens.makeDio(memory("rows", { id: "id", columns: { n: "integer" } }));
  const subscriptions = Array.from({ length: subscribers }, () => dio.subscribeEvents());
  let inserted = 0;
  let told = 0;
  const times = await interleave(rounds, {
    limit: async () => {
      for (let event = 0; event < EVENTS_A_ROUND; event++) {
        const resolvers: ((value: object) => void)[] = [];
        const parked = Array.from(
          { length: subscribers },
          () => new Promise((resolve) => resolvers.push(resolve)),
        );
        for (const resolve of resolvers) resolve({ value: event, done: false });
        for (const promise of parked) {
          await promise;
          told += 1;
        }
      }
    },
    ours: async () => {
      for (let event = 0; event < EVENTS_A_ROUND; event++) {
        const parked = subscriptions.map((subscription) => subscription.next());
        inserted += 1;
        void dio.cache.insert(`r${inserted}`, { id: `r${inserted}`, n: inserted });
        for (const promise of parked) {
          await promise;
          told += 1;
        }
      }
    },
  });
  await lens.close();
  if (told !== 2 * (rounds + 1) * EVENTS_A_ROUND * subscribers) throw new Error(`${told} events`);
  return {
    work: "one insert, told to 10,000 parked iterators",
    against: "resolving 10,000 promises",
    ours: (times.ours.medianMs * 1_000) / EVENTS_A_ROUND,
    limit: (times.limit.medianMs * 1_000) / EVENTS_A_ROUND,
    unit: "µs",
    ratio: times.ours.medianMs / times.limit.medianMs,
    target: 2,
  };
}
