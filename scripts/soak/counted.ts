export const toText = (count: number): string => count.toLocaleString("en-US");

/** `killsDuringRecovery` reads as words: "2 kills during recovery", "1 kill during recovery". */
export function counted(count: number, name: string): string {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${toText(count)} ${count === 1 ? oneOf(words) : words}`;
}

/** Names are plurals, by their first word, or say what became of something, as `refused` does, which stays. */
const oneOf = (words: string): string =>
  words.replace(/^\w+s\b/, (plural) => {
    if (plural.endsWith("ies")) return `${plural.slice(0, -"ies".length)}y`;
    return plural.slice(0, /(?:sh|ss)es$/.test(plural) ? -"es".length : -"s".length);
  });
