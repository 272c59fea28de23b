/** An error with its causes in one line. */
export function messageOf(error: unknown): string {
  const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return error instanceof Error && error.cause !== undefined ? `${first} (${messageOf(error.cause)})` : first;
}
