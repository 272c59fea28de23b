import { errorAt } from "../base/index.ts";
import type { StandardIssue, StandardSchemaV1 } from "./standard-schema.ts";

/**
 * The row as the validator gives it back. A stored row that fails is `rejected` (the source is at fault), a row
 * to be written is `invalid` (the caller is). The message names columns and issues, never values.
 */
export async function validateRow<R extends object>(
  validator: StandardSchemaV1<unknown, R>,
  row: object,
  at: { readonly vista: string; readonly id: string; readonly code: "rejected" | "invalid" },
): Promise<R> {
  const answer = validator["~standard"].validate(row);
  const result = answer instanceof Promise ? await answer : answer;
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
