// What keys signed, as their nodes wrote it down in data directories: slots with more than one id are offences.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Slots in which other things were signed in one of the directories than before, in it or another. */
export function signedTwice(...dataDirs: readonly string[]): string[] {
  const slots = new Map<string, Set<string>>();
  for (const dir of dataDirs)
    for (const file of readdirSync(dir).filter((name) => /^signed-.*\.log$/.test(name)))
      for (const line of readFileSync(join(dir, file), "utf8").trim().split("\n")) {
        const [slot = "", , id = ""] = line.split(" ");
        const signed = `${file} ${slot}`;
        slots.set(signed, (slots.get(signed) ?? new Set()).add(id));
      }
  if (slots.size === 0) throw new Error(`nothing was signed in ${dataDirs.join(", ")}`);
  return [...slots].flatMap(([slot, ids]) => (ids.size > 1 ? [slot] : []));
}
