import { type Command, Option } from "commander";
import type { FolderOptions } from "./choose-folders.ts";
import type { Frame } from "./frame.ts";
import type { RemoveOptions } from "./run-cache.ts";
import { toDuration } from "./source-options.ts";

/** cache ls, rm, verify. */
export function addCacheCommands(program: Command, frame: Frame): void {
  const cache = program
    .command("cache")
    .description("list, remove and verify what is kept of sources")
    .addHelpText("after", "\nExample:\n  diorama cache ls");
  addList(cache, frame);
  addRemove(cache, frame);
  addVerify(cache, frame);
}

function addList(cache: Command, frame: Frame): void {
  const command = cache.command("ls").description("list the sources of which something is kept");
  addAtOption(addCacheOption(command))
    .addHelpText("after", "\nExamples:\n  diorama cache ls --json\n  diorama cache ls --at ./my-app/cache")
    .action(async (options: FolderOptions) => {
      const { runCacheList } = await import("./run-cache.ts");
      await runCacheList(frame, options);
    });
}

function addRemove(cache: Command, frame: Frame): void {
  const command = cache.command("rm").description("remove what is kept of a source, or of all");
  addCacheOption(command.argument("[source]", "the source, or its folder's name"))
    .option("--all", "of every source")
    .addOption(
      new Option("--older-than <duration>", "only what no command has opened for so long").argParser(
        toDuration,
      ),
    )
    .option("--force", "also with writes that have not arrived")
    .addHelpText(
      "after",
      "\nExamples:\n  diorama cache rm products.csv\n  diorama cache rm --all --older-than 30d",
    )
    .action(async (source: string | undefined, options: RemoveOptions) => {
      const { runCacheRemove } = await import("./run-cache.ts");
      await runCacheRemove(frame, source, options);
    });
}

function addVerify(cache: Command, frame: Frame): void {
  const command = cache
    .command("verify")
    .description("read every row and every queued write, and tell what is damaged");
  addAtOption(addCacheOption(command.argument("[source]", "the source, or its folder's name")))
    .addHelpText(
      "after",
      "\nNothing is changed. Exit code 1: something is damaged.\n\nExample:\n  diorama cache verify products.csv",
    )
    .action(async (source: string | undefined, options: FolderOptions) => {
      const { runCacheVerify } = await import("./run-cache.ts");
      await runCacheVerify(frame, source, options);
    });
}

export function addCacheOption(command: Command): Command {
  return command.option(
    "--cache <folder>",
    "where copies are kept (else DIORAMA_CACHE, else the user's own)",
  );
}

export function addAtOption(command: Command): Command {
  return command.option("--at <folder>", "one folder of your own, as an application's cacheAt names it");
}
