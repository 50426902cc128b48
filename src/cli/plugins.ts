// The plugins of a command line: found before its flags are made, since plugins bring flags.
import { Command } from "commander";
import { messageOf } from "../base/index.ts";
import { loadPlugins, NO_PLUGINS, type Plugins, pluginsNamed, type SettingsTable } from "../node/index.ts";
import { type Io, say } from "./io.ts";

/** What `--plugin` and `--config` say, whatever else is on the line. */
function namedOn(argv: readonly string[]): { readonly plugin?: readonly string[]; readonly config?: string } {
  const line = new Command()
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .option("--plugin <path>", "", (text: string, before: string[] = []) => [...before, text])
    .option("--config <file>");
  line.parseOptions([...argv]);
  return line.opts();
}

/** The modules that flags, environment and file name. Throws BAD_CONFIG. */
function modulesFor(argv: readonly string[], io: Io): readonly string[] {
  const { plugin: plugins, config } = namedOn(argv);
  const flags = plugins === undefined ? {} : { plugins };
  return pluginsNamed({ flags, configPath: config, cwd: io.cwd, env: io.env, home: io.home });
}

const asksForHelp = (argv: readonly string[]): boolean =>
  argv[0] === "help" || argv.includes("--help") || argv.includes("-h");

/**
 * `settings`: the table where no plugin is named; the answer is then there at once, so that a command begins as it is called.
 * Throws BAD_CONFIG, BAD_PLUGIN; whoever asks for help gets it even then.
 */
export function findPlugins(argv: readonly string[], io: Io, settings: SettingsTable): Plugins | Promise<Plugins> {
  const none = { ...NO_PLUGINS, table: settings };
  if (argv.includes("--version") || argv.includes("-V")) return none;
  const without = (error: unknown): Plugins => {
    if (!asksForHelp(argv)) throw error;
    say(io, `Without plugins: ${messageOf(error)}`);
    return none;
  };
  try {
    const paths = modulesFor(argv, io);
    return paths.length === 0 ? none : loadPlugins({ paths }).catch(without);
  } catch (error) {
    return without(error);
  }
}
