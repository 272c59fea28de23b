const CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/'"]*@/gi;
const QUERY = /(\bhttps?:\/\/[^\s'"?]*\?)([^\s'"]*)/gi;

/** A message that may repeat what was typed: URLs in it lose their user, password and the values of their query. */
export function withoutSecrets(message: string): string {
  return message
    .replace(CREDENTIALS, "$1")
    .replace(QUERY, (_, before: string, query: string) => `${before}${query.replace(/=[^&#]*/g, "=?")}`);
}

/** What the parser says of wrong usage, without the words that it was given beyond their names. */
export function parserText(message: string): string {
  return withoutSecrets(
    message
      .replace(/^error: /, "")
      .replace(/(too many arguments.* but got \d+):.*$/s, "$1.")
      .replace(/^(unknown option '-[^'=]*)=.*?'(?=$|\n)/s, "$1'")
      .replace(/\s*\n\s*/g, " "),
  );
}
