// Flags made from the settings table, and their values handed to the configuration.
import { type Command, Option } from "commander";
import { loadConfig, type ResolvedConfig, SETTINGS, type Setting } from "../node/index.ts";
import type { Io } from "./io.ts";

/** commander's name for a flag: data-dir -> dataDir. */
const attribute = (flag: string): string => flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

function optionOf({ flag, value, help, kind }: Setting): Option {
  const option = new Option(`--${flag}${kind === "switch" ? "" : ` <${value}>`}`, help);
  if (kind === "list")
    option.argParser((text: string, before: string[] | undefined): string[] => [...(before ?? []), text]);
  return option;
}

/** Adds --config and the flags of the settings in `keys` (all by default). */
export function addSettings(command: Command, keys?: readonly string[]): Command {
  for (const setting of SETTINGS)
    if (setting.flag !== undefined && (keys === undefined || keys.includes(setting.key)))
      command.addOption(optionOf(setting));
  return command.option("--config <file>", "read settings from this file instead of ./node.config.json");
}

/** What a command that talks to a running node needs: its directory, and the network that names the default one. */
export const PLACE = ["dataDir", "network"] as const;

/** The settings of a command from all four sources. Throws BAD_CONFIG. */
export function settingsOf(command: Command, io: Io): ResolvedConfig {
  const given = command.opts<{ readonly config?: string; readonly [name: string]: unknown }>();
  const flags = Object.fromEntries(
    SETTINGS.flatMap(({ key, flag }) => (flag === undefined ? [] : [[key, given[attribute(flag)]] as const])),
  );
  return loadConfig({ flags, configPath: given.config, cwd: io.cwd, env: io.env, home: io.home });
}
