// What the sources say, by key and with its origin: file, environment and flags are read here, and checked by the schema later.
import { PouwError, type Setting } from "../../base/index.ts";
import { didYouMean } from "./suggest.ts";
import { envName, findSetting, type SettingsTable, textKindOf } from "./table.ts";

export interface Given {
  readonly value: unknown;
  /** `node.config.json`, `POUW_X` or `--x`. */
  readonly origin: string;
}
/** By the keys of the table. */
export type GivenSettings = Map<string, Given>;

const isGroup = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Text from a flag or the environment, read as its setting's kind; what cannot be read is left to the schema. */
function readText(setting: Setting, text: string): unknown {
  const kind = textKindOf(setting);
  if (kind === "list") {
    const parts = text.split(",").map((part) => part.trim());
    return parts.filter((part) => part !== "");
  }
  if (kind === "switch") {
    const word = text.trim().toLowerCase();
    if (["1", "true", "yes", "on"].includes(word)) return true;
    if (["0", "false", "no", "off"].includes(word)) return false;
    return text;
  }
  return kind === "number" && /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text.trim();
}

function readFlag(setting: Setting, value: unknown): unknown {
  if (typeof value === "string") return readText(setting, value);
  if (Array.isArray(value)) return value.flatMap((item) => (typeof item === "string" ? readText(setting, item) : item));
  return value;
}

/** `{limits: {a: 1}}` to `limits.a`; only the table's groups are opened. Throws BAD_CONFIG where a group is no object. */
function flatten(table: SettingsTable, content: object, where: string, prefix = ""): [string, unknown][] {
  return Object.entries(content).flatMap(([name, value]): [string, unknown][] => {
    const key = `${prefix}${name}`;
    const inside = table.rows.find((row) => row.key.startsWith(`${key}.`));
    if (inside === undefined || value === undefined) return [[key, value]];
    if (isGroup(value)) return flatten(table, value, where, `${key}.`);
    const example = inside.key.slice(key.length + 1);
    throw new PouwError("BAD_CONFIG", `${where} must hold an object under "${key}", such as {"${example}": ...}.`);
  });
}

/** The settings of a parsed file, or of the scripting API's argument. Throws BAD_CONFIG: unknown key, no object. */
export function fromObject(given: GivenSettings, content: unknown, where: string, table: SettingsTable): void {
  if (!isGroup(content)) throw new PouwError("BAD_CONFIG", `${where} must hold one JSON object.`);
  for (const [key, value] of flatten(table, content, where)) {
    if (key === "$schema" || value === undefined) continue;
    const row = findSetting(table, key);
    if (row === undefined) {
      const known = table.rows.map((it) => it.key);
      throw new PouwError("BAD_CONFIG", `${where} has an unknown key "${key}"${didYouMean(key, known)}.`, {
        remedy: "Remove it or correct its name.",
      });
    }
    const read = key === row.alias && typeof value === "string" ? readText(row, value) : value;
    given.set(row.key, { value: read, origin: where });
  }
}

/** The POUW_* variables that are set and not empty. Throws BAD_CONFIG: unknown variable. */
export function fromEnvironment(
  given: GivenSettings,
  env: { readonly [name: string]: string | undefined },
  table: SettingsTable,
): void {
  const names = new Map(
    table.rows.flatMap((it) => [it.key, it.alias ?? it.key].map((key) => [envName(key), it] as const)),
  );
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith("POUW_") || name === "POUW_CONFIG" || text === undefined || text === "") continue;
    const row = names.get(name);
    if (row === undefined)
      throw new PouwError(
        "BAD_CONFIG",
        `The environment has an unknown variable ${name}${didYouMean(name, [...names.keys()])}.`,
        { remedy: "Unset it or correct its name." },
      );
    given.set(row.key, { value: readText(row, text), origin: name });
  }
}

/** Flags by the key of their row: text as typed, a list of it when repeated, true for a switch. */
export function fromFlags(
  given: GivenSettings,
  flags: { readonly [key: string]: unknown },
  table: SettingsTable,
): void {
  for (const [key, value] of Object.entries(flags)) {
    const row = findSetting(table, key);
    if (row === undefined || value === undefined) continue;
    given.set(row.key, { value: readFlag(row, value), origin: `--${row.flag ?? row.key}` });
  }
}
