// Reads the configuration file and the environment for the doors, and explains where each value came from.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, relative, resolve } from "node:path";
import { messageOf, PouwError, withoutMark } from "../../base/index.ts";
import { parseConfigText, type ResolvedConfig, resolveConfig } from "./resolve.ts";
import { PLUGINS_TABLE, type SettingsTable, valueAt } from "./table.ts";

export const CONFIG_FILE = "node.config.json";

export interface Environment {
  readonly POUW_CONFIG?: string | undefined;
  readonly [name: string]: string | undefined;
}

export interface LoadInputs {
  readonly flags?: { readonly [key: string]: unknown };
  /** The file named by --config; without it `node.config.json` of the working directory, if there. */
  readonly configPath?: string | undefined;
  readonly cwd?: string;
  readonly env?: Environment;
  readonly home?: string;
  /** With the rows of plugins, where there are any. */
  readonly table?: SettingsTable | undefined;
}

/** The file's text, or undefined when it is not there and nobody asked for it. */
function readConfig(path: string, asked: boolean): string | undefined {
  try {
    return withoutMark(readFileSync(path, "utf8"));
  } catch (error) {
    const absent = (error as { code?: unknown }).code === "ENOENT";
    if (absent && !asked) return undefined;
    throw new PouwError("BAD_CONFIG", `The configuration file ${path} cannot be read: ${messageOf(error)}.`, {
      remedy: "Check the path given with --config.",
      cause: error,
    });
  }
}

interface ReadFile {
  readonly path: string;
  /** What to call it in a sentence: as seen from the working directory. */
  readonly name: string;
  readonly content: unknown;
}

/** The configuration file; undefined when there is none and nobody asked for one. Throws BAD_CONFIG. */
function configFile(inputs: LoadInputs): ReadFile | undefined {
  const { configPath, cwd = process.cwd(), env = process.env as Environment } = inputs;
  const asked = configPath ?? env.POUW_CONFIG;
  const path = resolve(cwd, asked ?? CONFIG_FILE);
  const text = readConfig(path, asked !== undefined);
  if (text === undefined) return undefined;
  const name = relative(cwd, path).startsWith("..") ? path : relative(cwd, path);
  return { path, name, content: parseConfigText(text, name) };
}

/** Settings from all four sources. Throws BAD_CONFIG. */
export function loadConfig(inputs: LoadInputs): ResolvedConfig {
  const { env = process.env as Environment, home = homedir(), flags = {}, table } = inputs;
  const file = configFile(inputs);
  return resolveConfig({
    flags,
    env,
    home,
    ...(table === undefined ? {} : { table }),
    ...(file === undefined ? {} : { file }),
  });
}

/**
 * The plugins that the sources name, as absolute paths or file: URLs: a path in the file counts from the file's directory, any
 * other from the working directory. Nothing else is looked at, since plugins bring settings. Throws BAD_CONFIG.
 */
export function pluginsNamed(inputs: LoadInputs): readonly string[] {
  const { cwd = process.cwd(), env = process.env as Environment, home = homedir(), flags = {} } = inputs;
  const file = configFile(inputs);
  const { plugins } = (file?.content ?? {}) as { readonly plugins?: unknown };
  const { options, origins } = resolveConfig({
    flags,
    env: { POUW_PLUGINS: (env as { readonly POUW_PLUGINS?: string }).POUW_PLUGINS },
    home,
    table: PLUGINS_TABLE,
    ...(file === undefined ? {} : { file: { name: file.name, content: { plugins } } }),
  });
  const base = file !== undefined && origins.get("plugins") === file.name ? dirname(file.path) : cwd;
  return options.plugins.map((path) => (path.startsWith("file:") ? path : resolve(base, path)));
}

export interface ExplainedSetting {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
}

/** Each setting with its value and origin, in the table's order; secrets print as `[redacted]`. */
export function explainConfig({ options, origins, table }: ResolvedConfig): ExplainedSetting[] {
  return table.rows.map(({ key, secret }) => {
    const value = valueAt(options, key);
    return {
      key,
      value: secret === true && value !== undefined ? "[redacted]" : value,
      origin: origins.get(key) ?? "default",
    };
  });
}
