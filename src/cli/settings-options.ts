// Flags made from the settings table, and their values handed to the configuration.
import { type Command, Option } from "commander";
import type { Setting } from "../base/index.ts";
import { loadConfig, type ResolvedConfig, type SettingsTable, textKindOf } from "../node/index.ts";
import type { Context } from "./context.ts";

function optionOf(flag: string, row: Setting): Option {
  const kind = textKindOf(row);
  const option = new Option(`--${flag}${kind === "switch" ? "" : ` <${row.value ?? "value"}>`}`, row.help);
  if (kind === "list")
    option.argParser((text: string, before: string[] | undefined): string[] => [...(before ?? []), text]);
  return option;
}

/** Adds the flags of the rows in `keys` (all by default). */
export function addFlags(command: Command, { rows }: SettingsTable, keys?: readonly string[]): Command {
  for (const row of rows)
    if (row.flag !== undefined && (keys === undefined || keys.includes(row.key)))
      command.addOption(optionOf(row.flag, row));
  return command;
}

/** Adds --config and the flags of the settings in `keys` (all by default). */
export const addSettings = (command: Command, table: SettingsTable, keys?: readonly string[]): Command =>
  addFlags(command, table, keys).option(
    "--config <file>",
    "read settings from this file instead of ./node.config.json",
  );

/** The flags that were typed, by key; only those of `keys` where it is given. */
export function flagsOf(command: Command, { rows }: SettingsTable, keys?: readonly string[]): object {
  const typed = command.opts<{ readonly [name: string]: unknown }>();
  const entries = rows.flatMap(({ key, flag }): [string, unknown][] => {
    if (flag === undefined || (keys !== undefined && !keys.includes(key))) return [];
    const value = typed[new Option(`--${flag}`).attributeName()];
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(entries);
}

/** The settings of a command from all four sources. Throws BAD_CONFIG. */
export function settingsOf(command: Command, { io, deps }: Context): ResolvedConfig {
  const { config } = command.opts<{ readonly config?: string }>();
  const table = deps.settings;
  const flags = { ...flagsOf(command, table) };
  return loadConfig({ flags, configPath: config, cwd: io.cwd, env: io.env, home: io.home, table });
}
