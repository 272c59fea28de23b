import { type Command, Option } from "commander";
import { addAtOption, addCacheOption } from "./cache-commands.ts";
import type { Frame } from "./frame.ts";
import type { DiscardOptions, QueueListOptions, RetryOptions } from "./run-queue.ts";
import { addSourceOptions, toDuration } from "./source-options.ts";

/** queue ls, retry, discard. */
export function addQueueCommands(program: Command, frame: Frame): void {
  const queue = program
    .command("queue")
    .description("see to writes that failed or have not arrived")
    .addHelpText("after", "\nExample:\n  diorama queue ls");
  addList(queue, frame);
  addRetry(queue, frame);
  addDiscard(queue, frame);
}

function addList(queue: Command, frame: Frame): void {
  const command = queue
    .command("ls")
    .description("list dead letters and what is still on its way")
    .argument("[source]", "the source, or its folder's name");
  addAtOption(addCacheOption(command))
    .option("--rows", "with what is written, and what the source answered")
    .addHelpText("after", "\nExamples:\n  diorama queue ls\n  diorama queue ls --at ./my-app/cache --json")
    .action(async (source: string | undefined, options: QueueListOptions) => {
      const { runQueueList } = await import("./run-queue.ts");
      await runQueueList(frame, source, options);
    });
}

function addRetry(queue: Command, frame: Frame): void {
  const command = queue.command("retry").description("send writes again and wait for what becomes of them");
  addSourceOptions(command)
    .argument("[opids...]", "which writes")
    .option("--all", "every dead letter, and what is still on its way")
    .addOption(new Option("--wait <duration>", "how long to wait for them (30s)").argParser(toDuration))
    .addHelpText(
      "after",
      "\nExit code 1: one of them failed again.\n\nExample:\n  diorama queue retry https://api.example.com/users --all --rest-preset json-server",
    )
    .action(async (source: string, opIds: readonly string[], options: RetryOptions) => {
      const { runQueueRetry } = await import("./run-queue.ts");
      await runQueueRetry(frame, source, opIds, options);
    });
}

function addDiscard(queue: Command, frame: Frame): void {
  const command = queue
    .command("discard")
    .description("give writes up; the source is not asked")
    .argument("<source>", "the source, or its folder's name")
    .argument("[opids...]", "which writes");
  addCacheOption(command)
    .option("--all", "every dead letter")
    .addHelpText("after", "\nExample:\n  diorama queue discard https://api.example.com/users --all")
    .action(async (source: string, opIds: readonly string[], options: DiscardOptions) => {
      const { runQueueDiscard } = await import("./run-queue.ts");
      await runQueueDiscard(frame, source, opIds, options);
    });
}
