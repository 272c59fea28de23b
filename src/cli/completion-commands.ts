import { Argument, type Command } from "commander";
import type { Frame } from "./frame.ts";

const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * completion, and what its scripts ask for. `describe` makes a program of the same commands for the library to look
 * at: it adds commands of its own to it.
 */
export function addCompletionCommands(program: Command, frame: Frame, describe: () => Command): void {
  program
    .command("completion")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  source <(diorama completion bash)     # also in ~/.bashrc; zsh the same\n" +
        "  diorama completion fish | source      # also in ~/.config/fish/config.fish\n" +
        "  diorama completion powershell | Out-String | Invoke-Expression",
    )
    .action(async (shell: Shell) => {
      const { printScript } = await import("./run-completion.ts");
      await printScript(frame, shell, describe());
    });
  program
    .command("complete", { hidden: true })
    .argument("[words...]")
    .action(async (words: readonly string[]) => {
      const { printCompletions } = await import("./run-completion.ts");
      await printCompletions(frame, words, describe());
    });
}
