// Settings from their four sources, later ones winning: defaults, node.config.json, POUW_* environment, flags.
// Every value keeps its origin, so that an error can name it and `config explain` can show it.
import { join } from "node:path";
import type { z } from "zod";
import { messageOf, PouwError } from "../../base/index.ts";
import { NETWORKS, type NodeOptions, type NodeOptionsInput, optionsSchema } from "./schema.ts";
import { envName, findSetting, SETTINGS, type Setting } from "./settings.ts";
import { didYouMean } from "./suggest.ts";

export interface ConfigSources {
  /** By key: text as typed, a list of it for repeated flags, true for a switch. */
  readonly flags?: { readonly [key: string]: unknown };
  readonly env?: { readonly [name: string]: string | undefined };
  /** The parsed configuration file and the name to blame. */
  readonly file?: { readonly name: string; readonly content: unknown };
  /** The home directory, for the data directory's default. */
  readonly home: string;
}

export interface ResolvedConfig {
  readonly options: NodeOptions;
  /** By dotted key: `default`, `node.config.json`, `POUW_X`, `--x` or `derived`. */
  readonly origins: ReadonlyMap<string, string>;
}

interface Given {
  readonly value: unknown;
  readonly origin: string;
}

const bad = (message: string, remedy?: string): PouwError =>
  new PouwError("BAD_CONFIG", message, remedy === undefined ? {} : { remedy });

/** Text from a flag or the environment, read as its setting's kind; what cannot be read is left to the schema. */
function readText(setting: Setting, text: string): unknown {
  if (setting.kind === "list") {
    const parts = text.split(",").map((part) => part.trim());
    return parts.filter((part) => part !== "");
  }
  if (setting.kind === "switch") {
    const word = text.trim().toLowerCase();
    if (["1", "true", "yes", "on"].includes(word)) return true;
    if (["0", "false", "no", "off"].includes(word)) return false;
    return text;
  }
  const number = setting.kind === "number" || setting.kind === "number-or-word";
  return number && /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text.trim();
}

function readValue(setting: Setting, value: unknown): unknown {
  if (typeof value === "string") return readText(setting, value);
  if (Array.isArray(value)) return value.flatMap((item) => (typeof item === "string" ? readText(setting, item) : item));
  return value;
}

/** `{limits: {a: 1}}` to `limits.a`; only known groups are opened. */
function flatten(content: object): [string, unknown][] {
  const groups = new Set(SETTINGS.filter(({ key }) => key.includes(".")).map(({ key }) => key.split(".")[0]));
  return Object.entries(content).flatMap(([key, value]): [string, unknown][] =>
    groups.has(key) && typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([inner, it]) => [`${key}.${inner}`, it])
      : [[key, value]],
  );
}

function fromObject(given: Map<string, Given>, content: unknown, where: string): void {
  if (typeof content !== "object" || content === null || Array.isArray(content))
    throw bad(`${where} must hold one JSON object.`);
  for (const [key, value] of flatten(content)) {
    if (key === "$schema" || value === undefined) continue;
    const setting = findSetting(key);
    const known = SETTINGS.map((it) => it.key);
    if (setting === undefined)
      throw bad(`${where} has an unknown key "${key}"${didYouMean(key, known)}.`, "Remove it or correct its name.");
    const read = key === setting.alias && typeof value === "string" ? readText(setting, value) : value;
    given.set(setting.key, { value: read, origin: where });
  }
}

function fromEnvironment(given: Map<string, Given>, env: { readonly [name: string]: string | undefined }): void {
  const names = new Map(
    SETTINGS.flatMap((it) => [it.key, it.alias ?? it.key].map((key) => [envName(key), it] as const)),
  );
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith("POUW_") || name === "POUW_CONFIG" || text === undefined || text === "") continue;
    const setting = names.get(name);
    if (setting === undefined)
      throw bad(
        `The environment has an unknown variable ${name}${didYouMean(name, [...names.keys()])}.`,
        "Unset it or correct its name.",
      );
    given.set(setting.key, { value: readText(setting, text), origin: name });
  }
}

function fromFlags(given: Map<string, Given>, flags: { readonly [key: string]: unknown }): void {
  for (const [key, value] of Object.entries(flags)) {
    const setting = findSetting(key);
    if (setting === undefined || value === undefined) continue;
    given.set(setting.key, { value: readValue(setting, value), origin: `--${setting.flag ?? setting.key}` });
  }
}

function unflatten(given: ReadonlyMap<string, Given>): object {
  const out: { [key: string]: unknown } = {};
  for (const [key, { value }] of given) {
    const [group, inner] = key.split(".") as [string, string | undefined];
    if (inner === undefined) out[group] = value;
    else out[group] = { ...(out[group] as object | undefined), [inner]: value };
  }
  return out;
}

/** What a wrong value is, in a few words; secrets are not repeated. */
function show(value: unknown, setting: Setting | undefined): string {
  if (setting?.secret === true) return "[redacted]";
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

function sentence(issue: z.core.$ZodIssue, input: unknown, origins: ReadonlyMap<string, Given>): string {
  let value = input;
  for (const step of issue.path) value = (value as { [step: PropertyKey]: unknown } | undefined)?.[step];
  const names = issue.path.filter((step) => typeof step === "string");
  if (issue.code === "unrecognized_keys") {
    const key = [...names, issue.keys[0] as string].join(".");
    return `There is no setting "${key}"${didYouMean(
      key,
      SETTINGS.map((it) => it.key),
    )}.`;
  }
  const key = names.join(".");
  const origin = origins.get(key)?.origin;
  const from = origin === undefined ? "" : ` (from ${origin})`;
  const setting = findSetting(key);
  if (issue.code === "invalid_value") {
    const words = issue.values.map(String);
    const hint = typeof value === "string" ? didYouMean(value, words) : "";
    return `${key}${from} must be one of ${words.join(", ")}, not ${show(value, setting)}${hint}.`;
  }
  const rule = issue.message.startsWith("must ") ? issue.message : `is not right: ${issue.message}`;
  return `${key}${from} ${rule}; it is ${show(value, setting)}.`;
}

function parse(given: ReadonlyMap<string, Given>, home: string): NodeOptions {
  const network = given.get("network")?.value ?? "devnet";
  const name = String(network)
    .replace(/^.*[\\/]/, "")
    .replace(/\.json$/, "");
  const input = { dataDir: join(home, ".pouw", name), ...unflatten(given) };
  const result = optionsSchema.safeParse(input);
  if (!result.success) {
    const issues = result.error.issues;
    const more = issues.length > 1 ? ` (${issues.length - 1} more after this one)` : "";
    throw bad(sentence(issues[0] as z.core.$ZodIssue, input, given).replace(/\.$/, `${more}.`));
  }
  checkNetwork(result.data.network);
  return result.data;
}

function checkNetwork(network: string): void {
  if ((NETWORKS as readonly string[]).includes(network) || /[./\\]/.test(network)) return;
  throw bad(
    `There is no built-in network "${network}"${didYouMean(network, NETWORKS)}.`,
    "Use devnet, testnet, or the path of a genesis file such as ./my-net.json.",
  );
}

/** Merges the sources and checks the result. Throws BAD_CONFIG with a sentence that names the value's origin. */
export function resolveConfig(sources: ConfigSources): ResolvedConfig {
  const given = new Map<string, Given>();
  if (sources.file !== undefined) fromObject(given, sources.file.content, sources.file.name);
  fromEnvironment(given, sources.env ?? {});
  fromFlags(given, sources.flags ?? {});
  const options = parse(given, sources.home);
  const originOf = (key: string): string => given.get(key)?.origin ?? (key === "dataDir" ? "derived" : "default");
  return { options, origins: new Map(SETTINGS.map(({ key }) => [key, originOf(key)])) };
}

/** Complete settings for the scripting API: the given ones and defaults, nothing from file or environment. `role` is an alias of `roles`. */
export function parseOptions(input: NodeOptionsInput & { readonly role?: unknown }, home: string): NodeOptions {
  const given = new Map<string, Given>();
  fromObject(given, input, "the options given");
  return parse(given, home);
}

/** The JSON of a configuration file; throws BAD_CONFIG with the place of the mistake. */
export function parseConfigText(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw bad(`${name} is not JSON: ${messageOf(error)}.`, "Correct it, or name another file with --config.");
  }
}
