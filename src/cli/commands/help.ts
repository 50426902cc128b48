// `pouw-node help [command ...]`: what a command does, however deep it lies.
import { Command } from "commander";
import { PouwError } from "../../base/index.ts";
import { didYouMean } from "../../node/index.ts";
import type { Context } from "../context.ts";
import { addSettings } from "../settings-options.ts";

/** The command that `words` name under `root`. Throws BAD_CONFIG naming the word that is none. */
export function commandAt(root: Command, words: readonly string[]): Command {
  let at = root;
  for (const word of words) {
    const next = at.commands.find((command) => command.name() === word);
    if (next === undefined) {
      const known = at.commands.map((command) => command.name());
      const under = at === root ? "" : ` under ${at.name()}`;
      throw new PouwError("BAD_CONFIG", `There is no command "${word}"${under}${didYouMean(word, known)}.`, {
        remedy: "Run `pouw-node help` to see what there is.",
      });
    }
    at = next;
  }
  return at;
}

export function helpCommand({ action, deps }: Context): Command {
  const help = new Command("help")
    .description("explain a command")
    .argument("[command...]", "its name, such as wallet send")
    .action(
      action((command) => {
        commandAt(command.parent as Command, command.args).outputHelp();
        return undefined;
      }),
    );
  // Plugins bring flags, which their help shows.
  return addSettings(help, deps.settings, ["plugins"]);
}
