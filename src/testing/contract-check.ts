import { assert, isDioramaError, must, type ErrorCode } from "../base/index.ts";

/** The test function of a runner, as vitest, jest and node:test have it. */
export type ContractTest = (title: string, body: () => Promise<void>) => unknown;

/** Ends the test where the two are not the same value. */
export function same(found: unknown, expected: unknown, what: string): void {
  assert(Object.is(found, expected), `${what}: expected ${String(expected)}, found ${String(found)}`);
}

/** The error of a call that has to fail with this code. */
export async function fails(call: Promise<unknown>, code: ErrorCode): Promise<Error> {
  try {
    await call;
  } catch (error) {
    assert(isDioramaError(error, code), `expected the code ${code}, found ${String(error)}`);
    return must(error instanceof Error ? error : undefined, "a DioramaError is an Error");
  }
  throw new Error(`assertion failed: expected the code ${code}, but the call succeeded`);
}
