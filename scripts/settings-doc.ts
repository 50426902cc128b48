// Writes docs/settings.md from the table of settings (`npm run docs`). A test compares, so the page cannot fall behind.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Setting } from "../src/base/index.ts";
import { envName, SETTINGS, textKindOf } from "../src/node/index.ts";

const FILE = fileURLToPath(new URL("../docs/settings.md", import.meta.url));

const INTRO = `# Settings

Made by \`npm run docs\` from the table of settings (\`src/node/config/settings.ts\`, and the \`options\` of each role in \`src/roles\`); do not edit.

A value comes from the last of these that has one: the default, the configuration file, the environment, the flag. The file is \`node.config.json\` in the working directory, or what \`--config\` or \`POUW_CONFIG\` names. The scripting API takes the same keys and reads neither file nor environment. \`pouw-node config explain\` prints each value and where it came from.

In the file a dotted key is nested: \`limits.apiStreams\` is \`{ "limits": { "apiStreams": 16 } }\`. In a flag or a variable a list is separated by commas, and a list's flag may be repeated; a switch takes \`true\`, \`yes\`, \`on\` or \`1\`, and \`false\`, \`no\`, \`off\` or \`0\`. An unknown key, variable or flag is an error, and so is a value that is not allowed.
`;

const code = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``;

function flagOf(row: Setting): string {
  if (row.flag === undefined) return "";
  return code(textKindOf(row) === "switch" ? `--${row.flag}` : `--${row.flag} <${row.value ?? "value"}>`);
}

function defaultOf({ schema, derived }: Setting): string {
  if (derived !== undefined) return code(derived.shown);
  const { data } = schema.safeParse(undefined);
  return data === undefined ? "none" : code(JSON.stringify(data));
}

function helpOf({ help, secret, alias }: Setting): string {
  const more = [
    alias === undefined ? [] : `also as ${code(alias)} or ${code(envName(alias))}`,
    secret === true ? "never shown" : [],
  ];
  return [help.replaceAll("|", "\\|"), ...more.flat()].join("; ");
}

const HEAD = ["key", "flag", "environment variable", "default", "what it does"];

/** The page for these rows, its columns aligned as the formatter wants them. */
export function settingsDocument(rows: readonly Setting[]): string {
  const cells = rows.map((row) => [code(row.key), flagOf(row), code(envName(row.key)), defaultOf(row), helpOf(row)]);
  const widths = HEAD.map((name, i) =>
    Math.max(...[name, ...cells.map((line) => line[i] as string)].map((it) => it.length)),
  );
  const dashes = widths.map((width) => "-".repeat(width));
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, i) => text.padEnd(widths[i] as number)).join(" | ")} |`;
  return `${INTRO}\n${[HEAD, dashes, ...cells].map(line).join("\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, settingsDocument(SETTINGS));
  console.log(`wrote ${FILE}`);
}
