// What a strategy earns over an honest miner: `npm run sim -- [--quick] [--only section]... [--write]`. `--write` puts the tables into docs/strategies.md.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Effort, SECTIONS } from "./sim/sections.ts";
import { writeSection } from "./support/sections.ts";

const LONG: Effort = { machines: 10, length: { warmUp: 60, blocks: 400, seeds: 6 } };
const QUICK: Effort = { machines: 6, length: { warmUp: 40, blocks: 150, seeds: 2 } };

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
    if (values.write) writeSection("strategies.md", `sim: ${name}`, text);
  }
}
