// Loads plugins and puts together what they bring: the table of settings, roles, folders of models. What clashes is refused here.
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf, PouwError } from "../../base/index.ts";
import { type AnyRole, ROLE_NAMES } from "../../roles/index.ts";
import { PLUGINS_TABLE, SETTINGS_TABLE, type SettingsTable, settingsTable } from "../config/index.ts";
import { badPlugin, type NodePlugin, readPlugin } from "./plugin.ts";

/** Plugins that may stand side by side, and all that they bring to a node. */
export interface Plugins {
  readonly list: readonly NodePlugin[];
  /** Every setting: the node's, and those of the plugins' roles. */
  readonly table: SettingsTable;
  readonly roles: readonly AnyRole[];
  /** Directories with one folder per model. */
  readonly modelsDirs: readonly string[];
}

export const NO_PLUGINS: Plugins = { list: [], table: SETTINGS_TABLE, roles: [], modelsDirs: [] };

export interface PluginSources {
  /** Modules: absolute paths, paths from the working directory, or file: URLs. */
  readonly paths?: readonly string[];
  /** Those that the caller has at hand; their models are absolute, or from the working directory. */
  readonly given?: readonly NodePlugin[];
}

interface Found {
  readonly plugin: NodePlugin;
  /** What to call it before its name is known to be its own. */
  readonly who: string;
  /** Where its paths begin. */
  readonly base: string;
}

/** The paths among the options of the scripting API; none where they are malformed, which the settings' own check says better. */
export function pathsIn(options: { readonly plugins?: unknown }): readonly string[] {
  const checked = PLUGINS_TABLE.schema.safeParse({ plugins: options.plugins });
  return checked.success ? checked.data.plugins : [];
}

/** Loads modules, one after another. Throws BAD_PLUGIN: one sentence on the first that cannot be used, and why. */
export async function loadPlugins({ paths = [], given = [] }: PluginSources): Promise<Plugins> {
  const found: Found[] = given.map((plugin) => ({ plugin, who: "that was given", base: process.cwd() }));
  for (const path of paths) found.push(await load(path.startsWith("file:") ? fileURLToPath(path) : resolve(path)));
  return found.reduce(add, NO_PLUGINS);
}

async function load(path: string): Promise<Found> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw badPlugin(path, "is not there", { remedy: "Correct its path, or leave it out." });
  const { plugin, default: other } = await importModule(path);
  if (plugin === undefined)
    throw badPlugin(path, "exports no `plugin`", {
      remedy: `Export it by ${other === undefined ? "name" : "its name, not as default"}: export const plugin = { name: "mine" };`,
    });
  return { plugin: plugin as NodePlugin, who: path, base: dirname(path) };
}

async function importModule(path: string): Promise<{ readonly plugin?: unknown; readonly default?: unknown }> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const absent = (cause as { code?: unknown } | undefined)?.code === "ERR_MODULE_NOT_FOUND";
    throw badPlugin(path, `failed while it was loaded: ${messageOf(cause).replace(/\.$/, "")}`, {
      cause,
      ...(absent ? { remedy: "Run `npm install` with what it imports, pouw-node too, in its directory." } : {}),
    });
  }
}

/** One plugin more. Throws BAD_PLUGIN. */
function add(before: Plugins, { plugin: value, who, base }: Found): Plugins {
  const plugin = readPlugin(value, who);
  const { name, roles = [] } = plugin;
  if (before.list.some((it) => it.name === name)) throw badPlugin(who, `has a name that another one has, "${name}"`);
  const list = [...before.list, plugin];
  const all = [...before.roles];
  for (const role of roles) {
    checkRole(role, all, name);
    all.push(role);
  }
  const dirs = (plugin.models ?? []).map((dir, i) => directory(resolve(base, dir), `models[${i}]`, name));
  return { list, table: tableOf(all, name), roles: all, modelsDirs: [...before.modelsDirs, ...dirs] };
}

function checkRole({ name, bit }: AnyRole, before: readonly AnyRole[], plugin: string): void {
  if (ROLE_NAMES.includes(name) || before.some((it) => it.name === name))
    throw badPlugin(plugin, `brings a role that is there already, "${name}"`);
  const same = before.find((it) => bit !== 0 && it.bit === bit);
  if (same !== undefined)
    throw badPlugin(plugin, `brings a role "${name}" with the bit ${bit}, which "${same.name}" has`);
}

function tableOf(roles: readonly AnyRole[], plugin: string): SettingsTable {
  try {
    return settingsTable({ rows: roles.flatMap(({ options = [] }) => options), roles: roles.map(({ name }) => name) });
  } catch (cause) {
    if (!(cause instanceof PouwError)) throw cause;
    throw badPlugin(plugin, `brings a setting that cannot be had: ${cause.message.replace(/\.$/, "")}`, { cause });
  }
}

function directory(path: string, field: string, plugin: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw badPlugin(plugin, `is malformed: ${field} names no directory, ${path}`);
}
