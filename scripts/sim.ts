// What a strategy earns over an honest miner: `npm run sim -- [--quick] [--only section]... [--write]`. `--write` puts the tables into docs/strategies.md.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Effort, SECTIONS } from "./sim/sections.ts";

const FILE = fileURLToPath(new URL("../docs/strategies.md", import.meta.url));

const LONG: Effort = { machines: 10, length: { warmUp: 60, blocks: 400, seeds: 6 } };
const QUICK: Effort = { machines: 6, length: { warmUp: 40, blocks: 150, seeds: 2 } };

/** The page with the text between a section's marks replaced. */
function withSection(page: string, name: string, text: string): string {
  const begin = `<!-- sim: ${name} -->`;
  const end = "<!-- end -->";
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`docs/strategies.md has no place for ${name}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
    },
  });
  for (const name of values.only)
    if (!(name in SECTIONS)) throw new Error(`no section ${name}: ${Object.keys(SECTIONS).join(", ")}`);
  for (const [name, section] of Object.entries(SECTIONS)) {
    if (values.only.length > 0 && !values.only.includes(name)) continue;
    console.log(name);
    const text = section(values.quick ? QUICK : LONG);
    console.log(`\n${text}\n`);
    if (values.write) writeFileSync(FILE, withSection(readFileSync(FILE, "utf8"), name, text));
  }
}
