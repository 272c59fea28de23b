import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { systemClock, toDioramaError } from "../../base/index.ts";
import type { Reply, Request } from "../../sqlite/index.ts";
import type { QueueCalls, QueueWorkerData } from "./protocol.ts";
import { QueueStore, type QueueStep } from "./queue-store.ts";

/** So many messages at most go into one transaction. */
const MAX_GROUP_MESSAGES = 4_096;
/** The first look whether nothing came any more. */
const LOOK_MS = 250;

type QueueRequest = { readonly [K in keyof QueueCalls]: Request<QueueCalls, K> }[keyof QueueCalls];

/** The worker's life: takes every message that has arrived, answers them together, tidies up at rest. */
export function serveQueue(
  port: MessagePort,
  settings: QueueWorkerData,
  onStep?: (step: QueueStep) => void,
): void {
  const store = new QueueStore({
    ...settings,
    onStep,
    onNotice: (notice) => port.postMessage({ notice } satisfies Reply),
  });
  const rest = new Rest(store);
  port.on("message", (first: QueueRequest) => {
    const requests = [first, ...waiting(port)];
    for (let at = 0; at < requests.length;) at = answerSome(store, port, requests, at);
    if (requests.some(({ kind }) => kind === "close")) port.close();
    else rest.begin();
  });
}

function* waiting(port: MessagePort): Generator<QueueRequest> {
  for (let count = 1; count < MAX_GROUP_MESSAGES; count++) {
    const next: { readonly message: QueueRequest } | undefined = receiveMessageOnPort(port);
    if (next === undefined) return;
    yield next.message;
  }
}

/** Answers the request, and those behind it that go with it; the place of the next one. */
function answerSome(
  store: QueueStore,
  port: MessagePort,
  requests: readonly QueueRequest[],
  from: number,
): number {
  const group: Extract<QueueRequest, { readonly kind: "apply" }>[] = [];
  for (const request of requests.slice(from)) {
    if (request.kind !== "apply") break;
    group.push(request);
  }
  if (group.length === 0) {
    const request = requests[from];
    if (request !== undefined) port.postMessage(answer(store, request));
    return from + 1;
  }
  const outcomes = store.apply(group.map(({ take }) => take));
  const all = group.map(({ call }, index): Reply => ({ call, give: outcomes[index] }));
  port.postMessage({ all } satisfies Reply);
  store.answered();
  return from + group.length;
}

function answer(store: QueueStore, request: QueueRequest): Reply {
  const { call } = request;
  try {
    return { call, give: run(store, request) };
  } catch (error) {
    const { code, message, place } = toDioramaError(
      error,
      "unavailable",
      `the queue worker's ${request.kind}`,
    );
    return { call, failure: { code, message, place } };
  }
}

function run(store: QueueStore, request: QueueRequest): unknown {
  switch (request.kind) {
    case "openFile":
      return store.openFile();
    case "lost":
      return store.lost(request.take.queue);
    case "lostTold":
      return store.lostTold(request.take.queue);
    case "read":
      return store.read(request.take.queue, request.take.after);
    case "giveUp":
      return store.giveUp(request.take.queue, request.take.sequence, request.take.reason);
    case "apply":
      return store.apply([request.take])[0];
    case "close":
      return store.close();
  }
}

/** Does what is done at rest, piece by piece, as long as nothing else comes. */
class Rest {
  readonly #store: QueueStore;
  #lastWork = 0;
  #isSet = false;

  constructor(store: QueueStore) {
    this.#store = store;
  }

  /** Something was done: rest begins a while after it. */
  begin(): void {
    this.#lastWork = systemClock.monotonic();
    if (!this.#isSet) this.#set(LOOK_MS);
  }

  #set(delayMs: number): void {
    this.#isSet = true;
    systemClock.setTimer(() => this.#look(), delayMs);
  }

  #look(): void {
    this.#isSet = false;
    const nextMs = this.#store.tidy(systemClock.monotonic() - this.#lastWork);
    if (nextMs !== undefined) this.#set(nextMs);
  }
}
