// `pouw-node completion bash|zsh|fish`: a script by which a shell completes commands and flags, made from the commands themselves.
import { Argument, Command } from "commander";
import type { Context } from "../context.ts";
import { printLine } from "../io.ts";

/** A command by the words that lead to it, with what may follow them. */
interface Place {
  /** `wallet send`; empty for the program. */
  readonly path: string;
  readonly next: readonly Word[];
}
interface Word {
  readonly text: string;
  readonly help: string;
  /** Whether a value comes after it. */
  readonly takesValue: boolean;
}

/** Every command under `root`. What is typed without a command means the default one, so its flags stand at the root. */
function placesOf(root: Command, usual: string): Place[] {
  const visit = (command: Command, path: string): Place[] => {
    const of = path === "" ? command.commands.find((it) => it.name() === usual) : command;
    const commands = command.commands.map((it) => ({ text: it.name(), help: it.description(), takesValue: false }));
    const flags = (of?.options ?? []).map((it) => ({
      text: it.long ?? it.flags,
      help: it.description,
      takesValue: it.required,
    }));
    const below = command.commands.flatMap((it) => visit(it, path === "" ? it.name() : `${path} ${it.name()}`));
    return [{ path, next: [...commands, ...flags] }, ...below];
  };
  return visit(root, "");
}

const words = ({ next }: Place): string => [...next.map(({ text }) => text), "--help"].join(" ");
/** The pattern of a shell's `case` that a command's words are found by: where one is, and the word after it. */
const steps = (places: readonly Place[]): string =>
  places
    .filter(({ path }) => path !== "")
    .map(({ path }) => `"${path.includes(" ") ? path : ` ${path}`}"`)
    .join("|");

const bash = (places: readonly Place[]): string[] => [
  "_pouw_node() {",
  "  local at='' word words=''",
  `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
  `    case "$at $word" in ${steps(places)}) at="\${at:+$at }$word" ;; esac`,
  "  done",
  '  case "$at" in',
  ...places.map((place) => `    "${place.path}") words="${words(place)}" ;;`),
  "  esac",
  `  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))`,
  "}",
  "complete -o default -F _pouw_node pouw-node",
];

const zsh = (places: readonly Place[]): string[] => [
  "#compdef pouw-node",
  "_pouw_node() {",
  "  local at='' word",
  `  for word in "\${(@)words[2,CURRENT-1]}"; do`,
  `    case "$at $word" in ${steps(places)}) at="\${at:+$at }$word" ;; esac`,
  "  done",
  '  case "$at" in',
  ...places.map((place) => `    "${place.path}") compadd -- ${words(place)} ;;`),
  "  esac",
  "  _files",
  "}",
  "compdef _pouw_node pouw-node",
];

/** In single quotes, as fish reads them. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;

const fish = (places: readonly Place[]): string[] =>
  places.flatMap(({ path, next }) => {
    const inside = path.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
    const where = quoted(path === "" ? "__fish_use_subcommand" : inside.join("; and "));
    return next.map(({ text, help, takesValue }) => {
      const what = text.startsWith("--") ? `-l ${text.slice(2)}${takesValue ? " -r" : ""}` : `-f -a ${text}`;
      return `complete -c pouw-node -n ${where} ${what} -d ${quoted(help)}`;
    });
  });

const SHELLS = { bash, zsh, fish } as const;
const USAGE = `
For this shell, and for good with the same line in a file:
  bash, ~/.bashrc:
    source <(pouw-node completion bash)
  zsh, ~/.zshrc:
    source <(pouw-node completion zsh)
  fish, ~/.config/fish/config.fish:
    pouw-node completion fish | source`;

export function completionCommand({ io, action }: Context): Command {
  return new Command("completion")
    .description("print a script by which a shell completes this command")
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(SHELLS)))
    .addHelpText("after", USAGE)
    .action(
      action((command) => {
        const places = placesOf(command.parent as Command, "start");
        for (const line of SHELLS[command.args[0] as keyof typeof SHELLS](places)) printLine(io, line);
        return undefined;
      }),
    );
}
