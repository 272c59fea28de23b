import { type Command, InvalidArgumentError, Option } from "commander";
import type { Frame } from "./frame.ts";
import { mockResources, type MockResource } from "./mock-data.ts";
import type { ApiListOptions, LiveApiOptions } from "./run-live-api.ts";
import type { LiveLocalOptions, SeedOptions } from "./run-live-local.ts";
import type { ListOptions } from "./print-live.ts";
import { collect, toCount, toDuration } from "./source-options.ts";

const LOCAL_EXAMPLES = `
Examples:
  diorama live local seed
  diorama live local list
  diorama live local list
  diorama live local add lamp "Desk lamp" 49.90 --debug
  diorama live local event-then-list p00003`;

const API_EXAMPLES = `
Examples:
  diorama live api users list
  diorama live api posts list --limit 5 --page 2 --filter userId=3
  diorama live api todos get 7 --debug
  diorama live api albums list --base-url https://api.example.com`;

/** live local, live api. What they do is loaded when one of them runs. */
export function addLiveCommands(program: Command, frame: Frame): void {
  const live = program
    .command("live")
    .description("a demonstration of LiveTable: a page cache in front of a table")
    .addOption(new Option("--cache <where>", "mem, none, or a folder (./demo-cache)"))
    .option("--debug", "each hit, miss, queued write and invalidation on stderr");
  live.addHelpText("after", "\nExamples:\n  diorama live local seed\n  diorama live api users list --debug");
  addLocal(live, frame);
  addApi(live, frame);
}

function addLocal(live: Command, frame: Frame): void {
  const local = live
    .command("local")
    .description("over a SQLite file that plays the remote database")
    .option("--master <path>", "the SQLite file (./demo-master.db)")
    .addOption(
      new Option("--latency <duration>", "how far away it is: each call takes so much longer (0)").argParser(
        toDuration,
      ),
    )
    .addHelpText("after", LOCAL_EXAMPLES);
  const run = () => import("./run-live-local.ts");
  local
    .command("seed")
    .description("make the SQLite file, or make it anew")
    .addOption(new Option("--rows <number>", "how many products (10000)").argParser(toCount))
    .addOption(new Option("--seed <number>", "another number, other products (1)").argParser(toSeed))
    .addHelpText("after", "\nExample:\n  diorama live local seed --rows 50000")
    .action(async (_own: object, command: Command) => {
      await (await run()).runSeed(frame, command.optsWithGlobals<SeedOptions>());
    });
  addListOptions(local.command("list").description("a page of products, of the cache where it has it"))
    .addHelpText("after", "\nExample:\n  diorama live local list --page 2 --debug")
    .action(async (_own: object, command: Command) => {
      await (await run()).runLocalList(frame, command.optsWithGlobals<LiveLocalOptions & ListOptions>());
    });
  local
    .command("get")
    .argument("<id>", "the id of the product")
    .description("one product, of the cache where it has it")
    .addHelpText(
      "after",
      "\nExample:\n  diorama live local get p00003\n\nExit code 3: there is no such product.",
    )
    .action(async (id: string, _own: object, command: Command) => {
      await (await run()).runLocalGet(frame, id, command.optsWithGlobals<LiveLocalOptions>());
    });
  addLocalWrites(local, frame);
  local
    .command("event-then-list")
    .argument("[id]", "the product that is said to have changed; without it, something has")
    .description("list, tell of a change that somebody else made, list again")
    .addHelpText("after", "\nExample:\n  diorama live local event-then-list p00003 --debug")
    .action(async (id: string | undefined, _own: object, command: Command) => {
      await (await run()).runEventThenList(frame, id, command.optsWithGlobals<LiveLocalOptions>());
    });
  local
    .command("info")
    .description("what is wired to what, and what is cached")
    .addHelpText("after", "\nExample:\n  diorama live local info --json")
    .action(async (_own: object, command: Command) => {
      await (await run()).runLocalInfo(frame, command.optsWithGlobals<LiveLocalOptions>());
    });
}

function addLocalWrites(local: Command, frame: Frame): void {
  const run = () => import("./run-live-local.ts");
  local
    .command("add")
    .argument("<id>", "an id that isn't taken")
    .argument("<name>", "what it is called")
    .argument("<price>", "a number")
    .description("write a product through the cache to the SQLite file")
    .addHelpText("after", '\nExample:\n  diorama live local add lamp "Desk lamp" 49.90')
    .action(async (id: string, name: string, price: string, ...[, command]: [object, Command]) => {
      await (await run()).runLocalAdd(frame, [id, name, price], command.optsWithGlobals<LiveLocalOptions>());
    });
  local
    .command("delete")
    .argument("<id>", "the id of the product")
    .description("delete a product through the cache from the SQLite file")
    .addHelpText("after", "\nExample:\n  diorama live local delete lamp")
    .action(async (id: string, _own: object, command: Command) => {
      await (await run()).runLocalDelete(frame, id, command.optsWithGlobals<LiveLocalOptions>());
    });
}

function addApi(live: Command, frame: Frame): void {
  const api = live
    .command("api")
    .description("over a REST API in the style of JSON Server")
    .option("--base-url <url>", "where the API is (a bundled server with made-up data)")
    .addHelpText("after", API_EXAMPLES);
  for (const resource of mockResources) addResource(api.command(resource), resource, frame);
  api
    .command("serve")
    .description("the bundled server alone, on this machine, until it is interrupted")
    .addOption(
      new Option("--port <number>", "its port, 0 for any (3210)").argParser(toPort).default(3210, ""),
    )
    .addHelpText("after", "\nExample:\n  diorama live api serve --port 8080")
    .action(async ({ port }: { readonly port: number }) => {
      const { runApiServe } = await import("./run-live-api.ts");
      await runApiServe(frame, { port });
    });
}

function addResource(command: Command, resource: MockResource, frame: Frame): void {
  const run = () => import("./run-live-api.ts");
  command
    .description(`its ${resource}`)
    .addHelpText("after", `\nExample:\n  diorama live api ${resource} list --limit 5`);
  addFilterOption(addListOptions(command.command("list").description("a page, of the cache where it has it")))
    .addHelpText("after", `\nExample:\n  diorama live api ${resource} list --limit 5 --filter id=3`)
    .action(async (_own: object, own: Command) => {
      await (await run()).runApiList(frame, resource, own.optsWithGlobals<ApiListOptions>());
    });
  command
    .command("get")
    .argument("<id>", "its id")
    .description("one of them, of the cache where it has it")
    .addHelpText(
      "after",
      `\nExample:\n  diorama live api ${resource} get 3\n\nExit code 3: there is no such one.`,
    )
    .action(async (id: string, _own: object, own: Command) => {
      await (await run()).runApiGet(frame, resource, id, own.optsWithGlobals<LiveApiOptions>());
    });
  addFilterOption(command.command("info").description("what is wired to what, and what is cached"))
    .addHelpText("after", `\nExample:\n  diorama live api ${resource} info`)
    .action(async (_own: object, own: Command) => {
      await (await run()).runApiInfo(frame, resource, own.optsWithGlobals<ApiListOptions>());
    });
}

function addFilterOption(command: Command): Command {
  return command.addOption(
    new Option("--filter <field=value>", "only those; again for more, all must hold").argParser(collect),
  );
}

function addListOptions(command: Command): Command {
  return command
    .addOption(new Option("--page <number>", "which page, from 1").argParser(toCount))
    .addOption(new Option("--limit <rows>", "how long a page is (20)").argParser(toCount));
}

function toSeed(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Give a whole number from 0 on.");
}

function toPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new InvalidArgumentError("Give a whole number up to 65535.");
}
