import type { Value } from "../record/index.ts";
import type { Aggregate } from "./aggregate-contract.ts";
import type { Reduction } from "./aggregate-reduction.ts";
import { Lease } from "./lease.ts";
import type { SharedAggregate } from "./shared-aggregate.ts";
import type { AggregateResult, AggregateView, ReductionView } from "./view-contract.ts";

/** One user's hold on an aggregate. */
export class AggregateLease extends Lease<void, SharedAggregate<Aggregate>> implements AggregateView {
  get value(): AggregateResult {
    return this.view.kept.value;
  }

  get groups(): ReadonlyMap<Value, AggregateResult> {
    return this.view.kept.groups;
  }
}

/** The hold on a reduction, which nobody else has. */
export class ReductionLease<Result>
  extends Lease<void, SharedAggregate<Reduction<Result>>>
  implements ReductionView<Result>
{
  get value(): Result {
    return this.view.kept.value;
  }
}
