// The table of all settings: the node's rows, those of the roles, and whatever plugins bring; with the schema made from it.
import { z } from "zod";
import { PouwError, type Setting, type SettingsInput, type SettingsOf, type TextKind } from "../../base/index.ts";
import { ROLE_NAMES, ROLE_SETTINGS, type RoleSetting } from "../../roles/index.ts";
import { NODE_SETTINGS, rolesSchema } from "./settings.ts";

type KnownSetting = (typeof NODE_SETTINGS)[number] | RoleSetting;
/** A node's settings, complete. What plugins add lies beside them, under the keys of their rows. */
export type NodeOptions = SettingsOf<KnownSetting>;
/** What a caller may give: everything has a default. */
export type NodeOptionsInput = SettingsInput<KnownSetting>;

export interface SettingsTable {
  readonly rows: readonly Setting[];
  /** Checks nested values and fills in defaults; knows no key that has no row. */
  readonly schema: z.ZodType<NodeOptions>;
}

/** Flags that the command line keeps for itself. */
const KEPT_FLAGS = ["config", "help", "json", "version"];
const KEY = /^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*$/;

/** POUW_DATA_DIR for dataDir, POUW_LIMITS_API_STREAMS for limits.apiStreams. */
export function envName(key: string): string {
  return `POUW_${key.replace(/[A-Z]/g, "_$&").replace(/\./g, "_").toUpperCase()}`;
}

/** How a row's text is read: the row says so, or the type that its schema takes. */
export function textKindOf({ text, schema }: Setting): TextKind {
  if (text !== undefined) return text;
  const shape = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const types = [shape, ...(shape.anyOf ?? [])].map((it) => (typeof it === "object" ? it.type : undefined));
  if (types.includes("array")) return "list";
  if (types.includes("boolean")) return "switch";
  return types.includes("number") || types.includes("integer") ? "number" : "text";
}

/** The row of a key or of its alias. */
export function findSetting({ rows }: SettingsTable, key: string): Setting | undefined {
  return rows.find((it) => it.key === key || it.alias === key);
}

/** The value of a dotted key in nested options; undefined where there is none. */
export function valueAt(options: unknown, path: string | readonly PropertyKey[]): unknown {
  let value = options;
  for (const step of typeof path === "string" ? path.split(".") : path)
    value = (value as { readonly [step: PropertyKey]: unknown } | null | undefined)?.[step];
  return value;
}

interface Leaf {
  readonly path: readonly string[];
  readonly schema: z.ZodType;
}

/** A strict object of the leaves; a group that is left out is one with all its defaults. */
function objectOf(leaves: readonly Leaf[]): z.ZodType {
  const shape: { [name: string]: z.ZodType } = {};
  for (const name of new Set(leaves.map(({ path }) => path[0] as string))) {
    const under = leaves.filter(({ path }) => path[0] === name);
    const inner = under.map(({ path, schema }) => ({ path: path.slice(1), schema }));
    const own = inner.find(({ path }) => path.length === 0);
    shape[name] = own?.schema ?? objectOf(inner).prefault({});
  }
  return z.strictObject(shape);
}

const clash = (message: string): PouwError =>
  new PouwError("BAD_CONFIG", message, {
    remedy: "Rename it in the plugin or role that brings it: keys go under its own name.",
  });

/** Two rows must not answer to one name, nor a key be a value and a group at once. */
function checkRows(rows: readonly Setting[]): void {
  const taken = new Map<string, string>([["variable POUW_CONFIG", "the command line"]]);
  for (const flag of KEPT_FLAGS) taken.set(`flag --${flag}`, "the command line");
  for (const { key, alias, flag } of rows) {
    if (!KEY.test(key)) throw clash(`The setting "${key}" needs a key such as maxPeers or limits.apiStreams.`);
    const keys = alias === undefined ? [key] : [key, alias];
    const names = keys.flatMap((it) => [`key ${it}`, `variable ${envName(it)}`]);
    if (flag !== undefined) names.push(`flag --${flag}`);
    for (const name of names) {
      const owner = taken.get(name);
      if (owner !== undefined) throw clash(`The setting "${key}" has the ${name}, which is taken by ${owner}.`);
      taken.set(name, key);
    }
    const group = rows.find((it) => it.key.startsWith(`${key}.`));
    if (group !== undefined) throw clash(`The setting "${key}" cannot be a value and the group of "${group.key}".`);
  }
}

/** What plugins add to the table. */
export interface TableExtras {
  readonly rows?: readonly Setting[];
  /** Names that `roles` may hold besides the built-in ones. */
  readonly roles?: readonly string[];
}

function tableOf(rows: readonly Setting[]): SettingsTable {
  checkRows(rows);
  const schema = objectOf(rows.map(({ key, schema }) => ({ path: key.split("."), schema })));
  return { rows, schema: schema as z.ZodType<NodeOptions> };
}

/** All settings, with the rows that plugins bring at its end. Throws BAD_CONFIG when two rows share a name. */
export function settingsTable({ rows: extra = [], roles = [] }: TableExtras = {}): SettingsTable {
  const schemaOf = ({ key, schema }: Setting) => (key === "roles" ? rolesSchema([...ROLE_NAMES, ...roles]) : schema);
  const node = NODE_SETTINGS.map((row: Setting) => ({ ...row, schema: schemaOf(row) }));
  return tableOf([...node, ...ROLE_SETTINGS, ...extra]);
}

/** The settings without plugins. */
export const SETTINGS_TABLE: SettingsTable = settingsTable();
/** The one setting that is read before all others: which plugins bring more of them. */
export const PLUGINS_TABLE: SettingsTable = tableOf(NODE_SETTINGS.filter(({ key }) => key === "plugins"));
export const SETTINGS: readonly Setting[] = SETTINGS_TABLE.rows;
