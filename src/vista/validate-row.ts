import { errorAt } from "../base/index.ts";
import type { StandardIssue, StandardResult, StandardSchemaV1 } from "./standard-schema.ts";

/** Whose row it is: `rejected` blames the source that stores it, `invalid` the caller who writes it. */
interface ValidatedAt {
  readonly vista: string;
  readonly id: string;
  readonly code: "rejected" | "invalid";
}

/**
 * The row as the validator gives it back, at once where the validator answers at once. One that fails ends with
 * the code. The message names columns and issues, never values.
 */
export function validateRow<R extends object>(
  validator: StandardSchemaV1<unknown, R>,
  row: object,
  at: ValidatedAt,
): R | Promise<R> {
  const answer = validator["~standard"].validate(row);
  return answer instanceof Promise ? answer.then((result) => accept(result, at)) : accept(answer, at);
}

function accept<R extends object>(result: StandardResult<R>, at: ValidatedAt): R {
  if (result.issues === undefined) return result.value;
  const [first] = result.issues;
  const place = { vista: at.vista, id: at.id, column: first === undefined ? undefined : pathText(first) };
  throw errorAt(
    at.code,
    place,
    `the row does not fit the schema: ${result.issues.map(issueText).join("; ")}`,
  );
}

function issueText(issue: StandardIssue): string {
  const path = pathText(issue);
  return path === undefined ? issue.message : `${path}: ${issue.message}`;
}

function pathText(issue: StandardIssue): string | undefined {
  if (issue.path === undefined || issue.path.length === 0) return undefined;
  return issue.path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
}
