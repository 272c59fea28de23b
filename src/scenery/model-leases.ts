import { queryKey, type Query } from "../query/index.ts";
import type { Range, ViewEffect } from "../views/index.ts";
import { createModel } from "./create-model.ts";
import type { SceneryHost, TableFeed } from "./scenery-host.ts";
import type { ModelUse, TableModel } from "./table-model.ts";

/** One handle's share of a model. */
export class ModelLease {
  readonly model: TableModel;
  /** Of which model this is a share, among those of its host. */
  readonly key: string;
  readonly #use: ModelUse;
  readonly #onRelease: () => void;
  #isReleased = false;

  constructor(
    { key, model }: { readonly key: string; readonly model: TableModel },
    onChange: (effect: ViewEffect, lease: ModelLease) => void,
    onRelease: () => void,
  ) {
    this.key = key;
    this.model = model;
    this.#onRelease = onRelease;
    this.#use = model.use((effect) => {
      if (!this.#isReleased) onChange(effect, this);
    });
  }

  setViewport(viewport: Range): void {
    this.#use.setViewport(viewport);
  }

  /** Idempotent; the last one frees the model. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#use.release();
    this.#onRelease();
  }
}

/** The models in use, one for each query: whoever shows the same shares index and loads. */
export class ModelLeases {
  readonly #host: SceneryHost;
  readonly #models = new Map<string, { readonly model: TableModel; leases: number }>();

  constructor(host: SceneryHost) {
    this.#host = host;
  }

  /** How many models somebody uses. */
  get size(): number {
    return this.#models.size;
  }

  /** A share of the query's model, fed as it would be fed now; `onChange` is called for what happens to it. */
  open(
    query: Query,
    pageSize: number | undefined,
    onChange: (effect: ViewEffect, lease: ModelLease) => void,
  ): ModelLease {
    const { feed, size, key } = this.#describe(query, pageSize);
    const known = this.#models.get(key);
    const shared = known ?? { model: createModel(this.#host, query, feed, size), leases: 0 };
    const lease = new ModelLease({ key, model: shared.model }, onChange, () => {
      shared.leases -= 1;
      if (shared.leases === 0) this.#models.delete(key);
    });
    shared.leases += 1;
    this.#models.set(key, shared);
    return lease;
  }

  /** The key of the share that `open` would give now. */
  keyOf(query: Query, pageSize: number | undefined): string {
    return this.#describe(query, pageSize).key;
  }

  #describe(
    query: Query,
    pageSize: number | undefined,
  ): { readonly feed: TableFeed; readonly size: number; readonly key: string } {
    const feed = this.#host.feedOf(query);
    const size = pageSize ?? this.#host.pageSize;
    // An eager table has no pages.
    const key = `${feed === "eager" ? feed : `${feed} ${size}`} ${queryKey(query, { order: true })}`;
    return { feed, size, key };
  }
}
