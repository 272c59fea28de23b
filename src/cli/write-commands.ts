import { type Command, Option } from "commander";
import type { Frame } from "./frame.ts";
import type { WriteOptions } from "./run-write.ts";
import { addSourceOptions, toDuration } from "./source-options.ts";

const VALUES = `
column=value is typed by the schema, and text where that says nothing; column:=json takes JSON: numbers, true, null, lists.
The write is kept in the source's folder until the source confirms it.`;

/** insert, patch, delete. */
export function addWriteCommands(program: Command, frame: Frame): void {
  addInsert(program, frame);
  addPatch(program, frame);
  addDelete(program, frame);
}

function addInsert(program: Command, frame: Frame): void {
  const command = addSourceOptions(program.command("insert").description("add a row to a source"));
  addWaitOption(command)
    .argument("[id-and-values...]", "the id, unless the source chooses it, and column=value for each column")
    .usage("[options] <source> [id] <column=value...>")
    .addHelpText(
      "after",
      `${VALUES}\n\nExample:\n  diorama insert https://api.example.com/users u7 name=Ann age:=41 --rest-preset json-server`,
    )
    .action(async (source: string, given: readonly string[], options: WriteOptions) => {
      const { runInsert } = await import("./run-write.ts");
      await runInsert(frame, source, given, options);
    });
}

function addPatch(program: Command, frame: Frame): void {
  const command = addSourceOptions(program.command("patch").description("change columns of a row"));
  addWaitOption(command)
    .argument("<id>", "the id of the row")
    .argument("<values...>", "column=value for each column")
    .usage("[options] <source> <id> <column=value...>")
    .addHelpText(
      "after",
      `${VALUES}\n\nExample:\n  diorama patch https://api.example.com/users u7 age:=42 --rest-preset json-server`,
    )
    .action(async (source: string, id: string, assignments: readonly string[], options: WriteOptions) => {
      const { runPatch } = await import("./run-write.ts");
      await runPatch(frame, source, id, { ...options, assignments });
    });
}

function addDelete(program: Command, frame: Frame): void {
  const command = addSourceOptions(program.command("delete").description("delete a row"));
  addWaitOption(command)
    .argument("<id>", "the id of the row")
    .addHelpText(
      "after",
      "\nExample:\n  diorama delete https://api.example.com/users u7 --rest-preset json-server",
    )
    .action(async (source: string, id: string, options: WriteOptions) => {
      const { runDelete } = await import("./run-write.ts");
      await runDelete(frame, source, id, options);
    });
}

function addWaitOption(command: Command): Command {
  return command.addOption(
    new Option("--wait <duration>", "how long to wait for the confirmation (10s)").argParser(toDuration),
  );
}
