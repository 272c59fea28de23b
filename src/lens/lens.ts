import {
  createActivity,
  DioramaError,
  silentLogger,
  systemClock,
  toSafeLogger,
  toMilliseconds,
} from "../base/index.ts";
import type { CloseOptions, Dio, OpenDio, openDio } from "../dio/index.ts";
import type { Row } from "../record/index.ts";
import type { Source, Vista } from "../vista/index.ts";
import { checkDurability, checkFill, checkOverrides, Problems, resolvePolicy } from "./check-settings.ts";
import { reconcileWithMaster, seedFromMaster } from "./fill-from-master.ts";
import { LensBuilder } from "./lens-builder.ts";
import { openQueue } from "./open-queue.ts";
import { type LensStores, openStores } from "./open-stores.ts";
import type { DioSettings, LensSettings, MakeDioSettings } from "./settings.ts";
import { callbacksOf, untypedSettings, untypedVista } from "./untyped.ts";

type OpenDioFunction = typeof openDio;

/** Shared policy: the cache, the callbacks, when to refresh. Built once; makes a Dio of any Vista. */
export class Lens {
  readonly #settings: LensSettings;
  readonly #stores: LensStores;
  readonly #makeOne: OpenDioFunction;
  readonly #dios = new Set<OpenDio>();
  readonly #opening = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  private constructor(settings: LensSettings, stores: LensStores, makeOne: OpenDioFunction) {
    this.#settings = settings;
    this.#stores = stores;
    this.#makeOne = makeOne;
  }

  /** Begins a Lens; `build()` opens it. */
  static builder(): LensBuilder<Lens> {
    return new LensBuilder(async (settings) => {
      // Loaded with the first Lens and not with the entry: it is more than all the rest.
      const room = await import("../dio/index.ts");
      return new Lens(settings, await openStores(settings), room.openDio);
    });
  }

  /** Opens a Dio over the vista, with settings of its own where given. `inUse` where its table is open already. */
  async makeDio<R extends object = Row>(
    master: Vista<R> | Source<R>,
    overrides: MakeDioSettings<R> = {},
  ): Promise<Dio<R>> {
    this.#assertOpen();
    const opening = this.#openDio<R>(untypedVista(master), overrides);
    this.#opening.add(opening);
    return opening.finally(() => this.#opening.delete(opening));
  }

  /** Resolves when every cache change so far is in its table; rejects with why one is not (`full`). */
  async flush(): Promise<void> {
    await settleAll([...this.#dios].map((open) => open.flush()));
  }

  /** Closes its Dios, then the cache. Idempotent. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(options);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #openDio<R extends object>(master: Vista, overrides: MakeDioSettings<R>): Promise<Dio<R>> {
    const problems = new Problems();
    checkOverrides(overrides, problems);
    const settings = mergeSettings(this.#settings, untypedSettings(overrides));
    const policy = resolvePolicy(settings, problems);
    const { cache } = this.#stores;
    checkFill(settings, cache, problems);
    checkDurability(settings, this.#stores.queues.durable, problems);
    problems.throwIfAny("this Dio can't be made");
    const table = overrides.table ?? master.name;
    return this.#makeOne<R>(master, {
      ...policy,
      table,
      callbacks: callbacksOf(settings),
      seed: seedFromMaster,
      reconcile: reconcileWithMaster,
      cache,
      openQueue: (name) => openQueue(this.#stores, name, settings.writeQueue?.durability),
      activity: settings.activity ?? createActivity(),
      logger: toSafeLogger(settings.logger ?? silentLogger),
      clock: settings.clock ?? systemClock,
      onOpen: (open) => {
        this.#assertOpen();
        this.#dios.add(open);
      },
      onClose: (open) => this.#dios.delete(open),
      facadeOf: (target) => this.#facadeOf(target),
    });
  }

  async #close(options: CloseOptions): Promise<void> {
    const drainMs = toMilliseconds(options.drain ?? "30s", "close({ drain })");
    try {
      // What ends with this Lens need not be written once more.
      const { cache, ownsCache } = this.#stores;
      const isKept = !ownsCache || cache.durable;
      await settleAll([...this.#dios].map((open) => open.close(drainMs, { isKept })));
    } finally {
      // Those that were being made end too: they were closed, or find the Lens closed.
      await Promise.allSettled(this.#opening);
      await this.#stores.close();
    }
  }

  #facadeOf(target: Vista<object>): Vista<object> | undefined {
    const fingerprint = target.fingerprint();
    for (const open of this.#dios) if (open.fingerprint() === fingerprint) return open.facade();
    return undefined;
  }

  #assertOpen(): void {
    if (this.#closed !== undefined)
      throw new DioramaError("closed", "this Lens is closed; build another one");
  }
}

/** Waits for all, then fails with the first failure: one that fails leaves none of the others half done. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** The settings of the Lens, changed by those of one Dio; one given as `undefined` is not given. */
function mergeSettings(settings: LensSettings, overrides: DioSettings): LensSettings {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  const merged = { ...settings, ...given };
  // Another route replaces the one of the Lens, whichever form each has.
  if (overrides.onWrite !== undefined) merged.onWriteBatch = overrides.onWriteBatch;
  else if (overrides.onWriteBatch !== undefined) merged.onWrite = undefined;
  return merged;
}
