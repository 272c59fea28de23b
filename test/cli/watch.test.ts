import { rename, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readerGone, runCli } from "../../src/cli/index.ts";
import { openCliFolder, RecordingTerminal, type RecordingOptions } from "./recording-terminal.ts";

const folder = openCliFolder();
let files = 0;
const newFile = (content: string): string => folder.write(`watched-${++files}.csv`, content);

/** Whole, as programs that save a file do. */
async function save(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}

interface Watching {
  readonly terminal: RecordingTerminal;
  readonly ended: Promise<number>;
  /** Resolves when the text is there. */
  until(text: string): Promise<void>;
}

function watch(argv: readonly string[], options: RecordingOptions = {}): Watching {
  const waiting = new Set<() => void>();
  const terminal = new RecordingTerminal({ ...options, onText: () => waiting.forEach((look) => look()) });
  const ended = runCli(["watch", ...argv], terminal);
  const until = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!`${terminal.out}${terminal.err}`.includes(text)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { terminal, ended, until };
}

describe("watch", () => {
  test("CLI28 CLI6 prints each change with its row until it is interrupted, which ends with 130", async () => {
    const file = newFile("id,n\na,1\nb,2\n");
    const { terminal, ended, until } = watch([file, "--id", "id", "--type", "n:text", "--rows"]);
    await until("watching");
    await save(file, "id,n\na,1\nb,3\nc,4\u001b\n");
    await until("inserted  c");
    await save(file, "id,n\nb,3\nc,4\u001b\n");
    await until("deleted   a");
    terminal.stop();
    expect(await ended).toBe(130);
    const lines = terminal.out
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/^\S+Z {2}/, ""));
    expect(lines.toSorted()).toEqual([
      "deleted   a",
      'inserted  c  {"id":"c","n":"4\\u001b"}',
      'updated   b  {"id":"b","n":"3"}',
    ]);
    expect(terminal.err).toBe(`watching ${file}; Ctrl-C ends it\n`);
  });

  test("CLI28 with --json each change is a line of JSON; conditions narrow it; --every reads again by time", async () => {
    const file = newFile("id,n\na,1\nb,2\n");
    const { terminal, ended, until } = watch([
      file,
      "--id",
      "id",
      "--where",
      "n > 1",
      "--every",
      "100ms",
      "--json",
    ]);
    await until("watching");
    await save(file, "id,n\na,5\nb,1\n");
    await until('"deleted"');
    await until('"inserted"');
    terminal.stop();
    await ended;
    const events = terminal.out
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(events).toHaveLength(2);
    expect(events).toEqual(
      expect.arrayContaining([
        { at: expect.stringMatching(/Z$/), type: "deleted", id: "b" },
        { at: expect.stringMatching(/Z$/), type: "inserted", id: "a" },
      ]),
    );
  });

  test("CLI28 a file that can't be read for a while is noted, and the watch goes on", async () => {
    const file = newFile("id,n\na,1\n");
    const { terminal, ended, until } = watch([file, "--id", "id", "--every", "100ms"]);
    await until("watching");
    await save(file, "id,n\na,1,2\n");
    await until("reading again failed");
    await save(file, "id,n\na,2\n");
    await until("updated   a");
    terminal.stop();
    expect(await ended).toBe(130);
  });

  test("CLI7 when the reader of the events has gone it ends with 0", async () => {
    const { terminal, ended, until } = watch([newFile("a\n1\n")]);
    await until("watching");
    terminal.stop(readerGone());
    expect(await ended).toBe(0);
  });
});
