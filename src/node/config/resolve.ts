// Settings from their four sources, later ones winning: defaults, node.config.json, POUW_* environment, flags.
// Every value keeps its origin, so that an error can name it and `config explain` can show it.
import { messageOf, PouwError } from "../../base/index.ts";
import { fromEnvironment, fromFlags, fromObject, type GivenSettings } from "./given.ts";
import { refusalOf } from "./refusal.ts";
import { type NodeOptions, type NodeOptionsInput, SETTINGS_TABLE, type SettingsTable } from "./table.ts";

export interface ConfigSources {
  /** By key: text as typed, a list of it for repeated flags, true for a switch. */
  readonly flags?: { readonly [key: string]: unknown };
  readonly env?: { readonly [name: string]: string | undefined };
  /** The parsed configuration file and the name to blame. */
  readonly file?: { readonly name: string; readonly content: unknown };
  /** The home directory, for the data directory's default. */
  readonly home: string;
  /** With the rows of plugins, where there are any. */
  readonly table?: SettingsTable;
}

export interface ResolvedConfig {
  readonly options: NodeOptions;
  /** By dotted key: `default`, `node.config.json`, `POUW_X`, `--x` or `derived`. */
  readonly origins: ReadonlyMap<string, string>;
  readonly table: SettingsTable;
}

interface Group {
  [name: string]: unknown;
}

/** What was given and what follows from it, nested as the schema wants it. */
function nest(given: GivenSettings, home: string, { rows }: SettingsTable): Group {
  const said = (key: string): unknown => given.get(key)?.value;
  const out: Group = {};
  for (const { key, derived } of rows) {
    const value = given.has(key) ? said(key) : derived?.from(home, said);
    if (value === undefined) continue;
    const path = key.split(".");
    let group = out;
    for (const name of path.slice(0, -1)) {
      group[name] ??= {};
      group = group[name] as Group;
    }
    group[path.at(-1) as string] = value;
  }
  return out;
}

function parse(given: GivenSettings, home: string, table: SettingsTable): NodeOptions {
  const input = nest(given, home, table);
  const result = table.schema.safeParse(input);
  if (!result.success) throw refusalOf(result.error.issues, input, given, table);
  return result.data;
}

/** Merges the sources and checks the result. Throws BAD_CONFIG with a sentence that names the value's origin. */
export function resolveConfig(sources: ConfigSources): ResolvedConfig {
  const { table = SETTINGS_TABLE, home, file, env = {}, flags = {} } = sources;
  const given: GivenSettings = new Map();
  if (file !== undefined) fromObject(given, file.content, file.name, table);
  fromEnvironment(given, env, table);
  fromFlags(given, flags, table);
  const options = parse(given, home, table);
  const origins = table.rows.map(({ key, derived }): [string, string] => [
    key,
    given.get(key)?.origin ?? (derived === undefined ? "default" : "derived"),
  ]);
  return { options, origins: new Map(origins), table };
}

/**
 * Complete settings for the scripting API: the given ones and defaults, nothing from file or environment. Aliases such as
 * `role` are taken too. Throws BAD_CONFIG.
 */
export function parseOptions(
  input: NodeOptionsInput,
  home: string,
  table: SettingsTable = SETTINGS_TABLE,
): NodeOptions {
  const given: GivenSettings = new Map();
  fromObject(given, input, "the options given", table);
  return parse(given, home, table);
}

/** The JSON of a configuration file; throws BAD_CONFIG with the place of the mistake. */
export function parseConfigText(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PouwError("BAD_CONFIG", `${name} is not JSON: ${messageOf(error)}.`, {
      remedy: "Correct it, or name another file with --config.",
    });
  }
}
