import { Option, type Command } from "commander";
import type { Frame } from "./frame.ts";
import { addFormatOptions, addOrderOption, addWhereOptions, type QueryOptions } from "./query-options.ts";
import type { RunCountOptions, RunGetOptions } from "./run-get.ts";
import type { RunQueryOptions } from "./run-query.ts";
import type { WatchOptions } from "./run-watch.ts";
import { addSourceOptions, collect, type SourceOptions, toCount, toDuration } from "./source-options.ts";

const QUERY_EXAMPLES = `
Conditions: = != < <= > >=, in (…), not in (…), contains, starts with, is null, is not null; and, or, not, ( ).

Examples:
  diorama query products.csv
  diorama query products.csv --where "price > 10 and kind in (tea, coffee)" --order price:desc
  diorama query products.csv --search green --columns name,price --format csv > green.csv
  diorama query https://api.example.com/users --page 2 --page-size 20 --json`;

/** query, get, count, watch, explain. What they do is loaded when one of them runs. */
export function addQueryCommands(program: Command, frame: Frame): void {
  addQuery(program, frame);
  addGet(program, frame);
  addCount(program, frame);
  addWatch(program, frame);
  addExplain(program, frame);
}

function addQuery(program: Command, frame: Frame): void {
  const command = program.command("query").description("print the rows of a source");
  addFormatOptions(addOrderOption(addWhereOptions(addSourceOptions(command))));
  addColumnsOption(command)
    .addOption(new Option("--page <number>", "one page, from 1").argParser(toCount))
    .addOption(new Option("--page-size <rows>", "how long a page is (50)").argParser(toCount))
    .addOption(new Option("--limit <rows>", "at most so many rows").argParser(toCount))
    .option("--ids", "the id of each row in front, as the column #")
    .option("--refresh", "read the copy again from the source first")
    .addHelpText("after", QUERY_EXAMPLES)
    .action(async (source: string, options: RunQueryOptions) => {
      const { runQuery } = await import("./run-query.ts");
      await runQuery(frame, source, options);
    });
}

function addGet(program: Command, frame: Frame): void {
  const command = addSourceOptions(program.command("get").description("print the row of an id"));
  command.argument("<id>", "the id of the row");
  addColumnsOption(addFormatOptions(command))
    .option("--refresh", "read the copy again from the source first")
    .addHelpText(
      "after",
      "\nExample:\n  diorama get products.csv t-100 --id sku --json\n\nExit code 3: there is no such row.",
    )
    .action(async (source: string, id: string, options: RunGetOptions) => {
      const { runGet } = await import("./run-get.ts");
      await runGet(frame, source, id, options);
    });
}

function addCount(program: Command, frame: Frame): void {
  const command = addSourceOptions(program.command("count").description("print how many rows there are"));
  addWhereOptions(command)
    .option("--refresh", "read the copy again from the source first")
    .addHelpText("after", '\nExample:\n  diorama count products.csv --where "price is null"')
    .action(async (source: string, options: RunCountOptions) => {
      const { runCount } = await import("./run-get.ts");
      await runCount(frame, source, options);
    });
}

function addWatch(program: Command, frame: Frame): void {
  const command = addSourceOptions(program.command("watch").description("print changes as they happen"));
  addWhereOptions(command)
    .option("--rows", "with the row as it is now")
    .addOption(
      new Option(
        "--every <duration>",
        "how often the source is read again (30s where it can't tell of changes)",
      ).argParser(toDuration),
    )
    .addHelpText(
      "after",
      "\nUntil interrupted; with --json each change is a line of JSON.\n\nExample:\n  diorama watch products.csv --rows --json",
    )
    .action(async (source: string, options: WatchOptions) => {
      const { runWatch } = await import("./run-watch.ts");
      await runWatch(frame, source, options);
    });
}

function addExplain(program: Command, frame: Frame): void {
  const command = addSourceOptions(
    program.command("explain").description("show what goes to the source and what the copy answers"),
  );
  addOrderOption(addWhereOptions(command))
    .addHelpText("after", '\nExample:\n  diorama explain products.csv --where "price > 10"')
    .action(async (source: string, options: SourceOptions & QueryOptions) => {
      const { runExplain } = await import("./run-explain.ts");
      await runExplain(frame, source, options);
    });
}

function addColumnsOption(command: Command): Command {
  return command.addOption(
    new Option("--columns <names>", "which columns, in this order, divided by commas").argParser(collect),
  );
}
