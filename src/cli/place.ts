// Which node a command means: the one that runs on a data directory here, or at --node URL; and how to say so again in a hint.
import type { Command } from "commander";
import { type ApiClient, apiClient, findNode } from "../api/index.ts";
import { PouwError } from "../base/index.ts";
import type { Context } from "./context.ts";
import { addSettings, settingsOf } from "./settings-options.ts";

/** The settings that say where: the directory, and the network that names the default one. */
export const PLACE = ["dataDir", "network"] as const;
/** Flags that name a place: a hint repeats those that were typed. */
const FLAGS = ["data-dir", "network", "node", "config"] as const;

const attribute = (flag: string): string => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Adds the settings of `keys` and --node. */
export const addPlace = (command: Command, { deps }: Context, keys: readonly string[] = PLACE): Command =>
  addSettings(command, deps.settings, keys).option("--node <url>", "ask the node whose API is at this URL");

/** As a shell reads it back. */
const quoted = (text: string): string => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** `words` as a command line that means the same place as `command` does, to be copied and run. */
export function hint(command: Command, words: string): string {
  const typed = command.opts<{ readonly [name: string]: unknown }>();
  const place = FLAGS.flatMap((flag) => {
    const value = typed[attribute(flag)];
    return typeof value === "string" ? [`--${flag}`, quoted(value)] : [];
  });
  return `\`${["pouw-node", words, ...place].join(" ")}\``;
}

function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ["http:", "https:"].includes(url.protocol)) return text;
  throw new PouwError("BAD_CONFIG", `--node must be the URL of a node's API, not "${text.slice(0, 120)}".`, {
    remedy: "Write it like http://127.0.0.1:9480; a node prints its own when it starts.",
  });
}

/** A client of the node that a command means. Throws NOT_RUNNING where none runs on the data directory. */
export function nodeOf(command: Command, context: Context): ApiClient {
  const { node } = command.opts<{ readonly node?: string }>();
  if (node !== undefined) return apiClient(urlOf(node));
  return findNode(settingsOf(command, context).options.dataDir, hint(command, "start"));
}
