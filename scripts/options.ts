import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

type Parsed<Options extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: Options }>>;

/** The options of a script, which ends with one line and code 2 where it was called wrongly. */
export function readOptions<const Options extends ParseArgsOptionsConfig>(
  options: Options,
): Parsed<Options>["values"] {
  try {
    return parseArgs<{ options: Options }>({ options }).values;
  } catch (error) {
    // Its messages go on with advice about a case that is not ours.
    const [what = ""] = error instanceof Error ? error.message.split(/\. |\n/) : [];
    refuse(
      `${what}; options are ${Object.keys(options)
        .map((name) => `--${name}`)
        .join(", ")}`,
    );
  }
}

export function wholeNumber(option: string, text: string, least: number): number {
  const number = numberFrom(option, text, least);
  if (!Number.isSafeInteger(number)) refuse(`${option} ${text}: give a whole number`);
  return number;
}

export function numberFrom(option: string, text: string, least: number): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number) || number < least)
    refuse(`${option} ${text}: give a number from ${least} on`);
  return number;
}

export function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}
