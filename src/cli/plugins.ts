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

async function load(argv: readonly string[], io: Io): Promise<Plugins> {
  const { plugin: plugins, config } = namedOn(argv);
  const flags = plugins === undefined ? {} : { plugins };
  return loadPlugins({ paths: pluginsNamed({ flags, configPath: config, cwd: io.cwd, env: io.env, home: io.home }) });
}

/** `settings`: the table where no plugin is named. Throws BAD_CONFIG, BAD_PLUGIN; whoever asks for help gets it even then. */
export async function findPlugins(argv: readonly string[], io: Io, settings: SettingsTable): Promise<Plugins> {
  const none = { ...NO_PLUGINS, table: settings };
  if (argv.includes("--version") || argv.includes("-V")) return none;
  try {
    const found = await load(argv, io);
    return found.list.length === 0 ? none : found;
  } catch (error) {
    if (argv[0] !== "help" && !argv.includes("--help") && !argv.includes("-h")) throw error;
    say(io, `Without plugins: ${messageOf(error)}`);
    return none;
  }
}
