import type { Channel, SteppedWork, WorkChannel } from "./channel.ts";

/** Where the host has no channels, nobody listens. */
export function openChannel<M extends object>(_name: string): Channel<M> {
  return { hasSubscribers: false, publish: () => undefined };
}

/** As openChannel. */
export function openWorkChannel<M extends object>(_name: string): WorkChannel<M> {
  return { hasSubscribers: false, trace: (_message, work) => work(), begin: () => plainWork };
}

const plainWork: SteppedWork = {
  step: (work) => work(),
  ended: () => undefined,
  failed: () => undefined,
};
