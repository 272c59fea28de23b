import { Lease } from "./lease.ts";
import type { SharedOrder } from "./shared-order.ts";
import type { OrderedView, ViewEffect } from "./view-contract.ts";

/** One user's hold on an ordered view. */
export class OrderedLease extends Lease<ViewEffect, SharedOrder> implements OrderedView {
  get count(): number {
    return this.view.order.count;
  }

  get prepared(): number {
    return this.view.order.prepared;
  }

  idAt(rank: number): string | undefined {
    return this.view.order.idAt(rank);
  }

  idsBetween(start: number, end: number): string[] {
    return this.view.order.idsBetween(start, end);
  }

  rankOf(id: string): number {
    return this.view.rankOf(id);
  }

  whenComplete(): Promise<void> {
    return this.view.whenComplete();
  }
}
