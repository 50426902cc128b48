// Reads the configuration file and the environment for the doors, and explains where each value came from.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { messageOf, PouwError } from "../../base/index.ts";
import { parseConfigText, type ResolvedConfig, resolveConfig } from "./resolve.ts";
import { type SettingsTable, valueAt } from "./table.ts";

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
    return readFileSync(path, "utf8");
  } catch (error) {
    const absent = (error as { code?: unknown }).code === "ENOENT";
    if (absent && !asked) return undefined;
    throw new PouwError("BAD_CONFIG", `The configuration file ${path} cannot be read: ${messageOf(error)}.`, {
      remedy: "Check the path given with --config.",
      cause: error,
    });
  }
}

/** Settings from all four sources. Throws BAD_CONFIG. */
export function loadConfig(inputs: LoadInputs): ResolvedConfig {
  const { cwd = process.cwd(), env = process.env as Environment, home = homedir(), flags = {}, table } = inputs;
  const asked = inputs.configPath ?? env.POUW_CONFIG;
  const path = asked ?? join(cwd, CONFIG_FILE);
  const text = readConfig(path, asked !== undefined);
  const name = relative(cwd, path).startsWith("..") ? path : relative(cwd, path) || path;
  return resolveConfig({
    flags,
    env,
    home,
    ...(table === undefined ? {} : { table }),
    ...(text === undefined ? {} : { file: { name, content: parseConfigText(text, name) } }),
  });
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
