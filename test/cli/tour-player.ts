import { RecordingTerminal } from "./recording-terminal.ts";
import { runCli } from "../../src/cli/index.ts";
import { toWords } from "./shown-commands.ts";

/** As far as a page shows a shell's own things: the results go to a pipe, the notes are thrown away. */
const PIPE = / \| cat$/;
const NO_NOTES = / 2>\/dev\/null(?= |$)/;

/** What a person sees who types the command, both streams as they come. */
export async function playCommand(command: string, folder: string): Promise<string> {
  const isTerminal = !PIPE.test(command);
  const isQuiet = NO_NOTES.test(command);
  let seen = "";
  let [out, err] = ["", ""];
  const terminal = new RecordingTerminal({
    folder,
    isTerminal,
    env: { DIORAMA_CACHE: `${folder}/copies` },
    onText: (now) => {
      seen += now.out.slice(out.length);
      if (!isQuiet) seen += now.err.slice(err.length);
      ({ out, err } = now);
    },
  });
  await runCli(toWords(command.replace(PIPE, "").replace(NO_NOTES, "")), terminal);
  // A line of progress is drawn over and cleared.
  // oxlint-disable-next-line no-control-regex -- that is what it is made of
  return seen.replace(/(?:\r\u001b\[2K[^\r\n]*)*\r\u001b\[2K/g, "").replaceAll(folder, "/tmp/demo");
}

/** Without what differs from run to run: times, hashes, keys of writes, and the widths that they make. */
export function withoutChance(text: string): string {
  return text
    .replace(/[\d.]+ m?s\b/g, "TIME")
    .replace(/[\d.]+ [kM]?B\b/g, "SIZE")
    .replace(/\b(tookMs|ageMs|ageSeconds)(\W+)[\d.]+/g, "$1$2TIME")
    .replace(/\b(?:age|took)=[\d.]+[a-z]+/g, "TIME")
    .replace(/[\d.]+ times faster|no faster/g, "FASTER")
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, "OP")
    .replace(/-[0-9a-f]{8,12}\b/g, "-HASH")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "THEN")
    .replace(/\b\d+[smhd](?: ago)?(?=\s)/g, "AGE")
    .replace(/[ \t]{2,}/g, "  ")
    .replace(/─+/g, "─");
}
