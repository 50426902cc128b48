// The command line as a whole: its commands, how errors are said, and the exit code of a run.
import { Command, CommanderError } from "commander";
import { messageOf, PouwError } from "../base/index.ts";
import { didYouMean, type SettingsTable } from "../node/index.ts";
import { benchCommand } from "./commands/bench.ts";
import { chainCommand } from "./commands/chain.ts";
import { completionCommand } from "./commands/completion.ts";
import { configCommand } from "./commands/config.ts";
import { devnetCommand } from "./commands/devnet.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { helpCommand } from "./commands/help.ts";
import { peersCommand } from "./commands/peers.ts";
import { stakeCommand } from "./commands/stake.ts";
import { startCommand } from "./commands/start.ts";
import { statusCommand } from "./commands/status.ts";
import { versionCommand } from "./commands/version.ts";
import { walletCommand } from "./commands/wallet.ts";
import type { Context } from "./context.ts";
import type { CliDeps } from "./deps.ts";
import { EXIT, type ExitCode, exitCodeOf, Interrupted } from "./exit-codes.ts";
import { colorsFor, type Io, say } from "./io.ts";
import { findPlugins } from "./plugins.ts";

const COMMANDS = [
  startCommand,
  devnetCommand,
  doctorCommand,
  statusCommand,
  peersCommand,
  walletCommand,
  stakeCommand,
  chainCommand,
  benchCommand,
  configCommand,
  completionCommand,
  versionCommand,
  helpCommand,
];

/** No line is wider than a terminal of 60 columns. */
const EXAMPLES = `
Examples:
  mine on the built-in network:
    pouw-node --role miner
  join others and check their work:
    pouw-node --role verifier --bootstrap <multiaddr>
  a small network on this machine:
    pouw-node devnet --miners 2 --verifiers 1
  what this machine can do, and why not more:
    pouw-node doctor

Exit codes: 0 ok, 1 failure, 2 usage, 3 capability absent,
130 interrupted.`;

/** Descriptions in help are wrapped in a column that is this wide at least: beside the flags, on a terminal of 60. */
const LEAST_HELP_COLUMNS = 16;

/** The parser, with errors thrown rather than ending the process. */
function buildProgram(context: Context): Command {
  const { io } = context;
  const program = new Command("pouw-node")
    .description("A peer-to-peer node whose mining work is the training of neural networks.")
    .version(context.version, "-V, --version", "print the version")
    .addHelpText("after", EXAMPLES)
    .showSuggestionAfterError(true);
  for (const make of COMMANDS) program.addCommand(make(context), { isDefault: make === startCommand });
  const visit = (command: Command): void => {
    command.exitOverride().allowExcessArguments(false).helpCommand(false);
    command.configureHelp({ minWidthToWrap: LEAST_HELP_COLUMNS });
    command.configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
    });
    for (const child of command.commands) visit(child);
  };
  visit(program);
  return program;
}

/** commander would hand an unknown first word to `start`; it is a slip of the finger, so it is said so. */
function checkCommandName(program: Command, argv: readonly string[]): void {
  const word = argv[0];
  if (word === undefined || word.startsWith("-")) return;
  const known = program.commands.map((command) => command.name());
  if (known.includes(word)) return;
  throw new CommanderError(EXIT.usage, "unknown", `There is no command "${word}"${didYouMean(word, known)}.`);
}

/** Begins with a capital (unless with a name, of a setting or a file) and ends with a stop; without commander's "error:" and line break. */
function sentence(message: string, { rows }: SettingsTable): string {
  const plain = message.replace(/^error: /, "").replace(/\n\((.*)\)$/s, " ($1)");
  const [first = ""] = plain.split(" ", 1);
  const isWord = /^[a-z]+[,:]?$/.test(first) && !rows.some(({ key }) => key === first);
  const whole = isWord ? `${plain.charAt(0).toUpperCase()}${plain.slice(1)}` : plain;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

/** A command line on its way: what is said of an error depends on how far it came. */
interface Run {
  readonly io: Io;
  readonly argv: readonly string[];
  settings: SettingsTable;
  /** Undefined until plugins are loaded. */
  program?: Command;
}

/** The command whose help says more of an error of usage; empty where no command was meant. */
function helpOn(error: CommanderError, program: Command | undefined, argv: readonly string[]): string {
  if (error.code === "unknown" || argv[0] === "help") return "";
  if (argv[0]?.startsWith("-") !== false) return " start";
  const group = program?.commands.find((command) => command.name() === argv[0]);
  const named = group?.commands.some((command) => command.name() === argv[1]) === true;
  return ` ${argv.slice(0, named ? 2 : 1).join(" ")}`;
}

/** Under the first word of an error: where its next step begins, too. */
const HANGING = "  ";

function sayError(error: unknown, { io, settings, program, argv }: Run): void {
  const c = colorsFor(io.stderr, io.env);
  if (error instanceof CommanderError) {
    // A command with subcommands and no word after it has shown its help already.
    if (error.exitCode === 0 || error.code === "commander.help") return;
    say(io, `${c.red("✗")} ${sentence(error.message, settings)}`, HANGING);
    say(io, `  Run \`pouw-node help${helpOn(error, program, argv)}\` to see what there is.`);
    return;
  }
  say(io, `${c.red("✗")} ${sentence(messageOf(error), settings)}`, HANGING);
  if (error instanceof PouwError) {
    if (error.remedy !== undefined) say(io, `  ${sentence(error.remedy, settings)}`);
  } else if (error instanceof Error && !(error instanceof Interrupted)) {
    say(io, c.dim(error.stack?.split("\n").slice(1).join("\n") ?? ""));
    say(io, "  This is a fault in pouw-node; please report it with the lines above.");
  }
}

/** Runs one command line (without program and script); resolves with the exit code. */
export async function runCli(argv: readonly string[], io: Io, deps: CliDeps, version: string): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const line: Run = { io, argv, settings: deps.settings };
  try {
    const found = findPlugins(argv, io, line.settings);
    const plugins = found instanceof Promise ? await found : found;
    const settings = plugins.table;
    line.settings = settings;
    const program = buildProgram({
      ...{ io, plugins, version },
      deps: { ...deps, settings },
      // commander hands an action its arguments, then options, then the command itself.
      action:
        (run) =>
        async (...args) => {
          code = (await run(args.at(-1) as Command)) ?? EXIT.ok;
        },
    });
    line.program = program;
    checkCommandName(program, argv);
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    sayError(error, line);
    return exitCodeOf(error);
  }
}
