import { type Command, Option } from "commander";
import { rowFormats, type RowFormat } from "./row-format.ts";
import { collect } from "./source-options.ts";

/** The options that narrow and order, as the parser gives them. */
export interface QueryOptions {
  readonly where?: readonly string[];
  readonly order?: readonly string[];
  readonly search?: string;
}

/** How rows are printed. */
export interface FormatOptions {
  readonly format?: RowFormat;
  readonly raw?: boolean;
}

export function addWhereOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--where <condition>",
        'only rows for which it holds: "price > 10"; several: all hold',
      ).argParser(collect),
    )
    .option("--search <text>", "only rows that hold the text, whatever its case");
}

export function addOrderOption(command: Command): Command {
  return command.addOption(
    new Option("--order <column>", "by a column, downwards with :desc; again for the next").argParser(
      collect,
    ),
  );
}

export function addFormatOptions(command: Command): Command {
  return command
    .addOption(new Option("--format <format>", "how rows are printed (table)").choices(rowFormats))
    .option("--raw", "CSV: text that a spreadsheet would take for a formula stays as it is");
}
