import type { ContractTest } from "./contract-check.ts";
import { createRandom } from "./random.ts";
import { createContractData } from "./source-contract-data.ts";
import { proveQueries } from "./source-contract-queries.ts";
import { proveReads } from "./source-contract-reads.ts";
import { proveWrites } from "./source-contract-writes.ts";
import { toProven, type ProveSource, type SourceSubject } from "./source-subject.ts";

/**
 * Proves that a source honours the contract of Source in all that it claims, and that what it does not claim is
 * refused: one test or more for each of the rules T12 to T23 of docs/spec/testing.md.
 */
export function sourceContract(test: ContractTest, subject: SourceSubject): void {
  const prove: ProveSource = (title, body) => {
    test(title, async () => {
      const random = createRandom(subject.seed);
      const data = createContractData(random, subject.types);
      const under = await subject.create(data);
      try {
        await body(toProven(subject, data, under), random);
      } finally {
        await under.source.close?.();
        await under.close?.();
      }
    });
  };
  proveReads(prove);
  proveQueries(prove);
  proveWrites(prove);
}
