// A task's season in a few words, as the status and the live screen show it.
import type { TaskStatus } from "../../node/index.ts";
import { percent } from "./text.ts";

/** The first hyper-parameter of a setting stands for it: the settings of a model differ in it, and a line has no room for all. */
function settingWords(setting: TaskStatus["season"]["setting"]): string {
  const [first] = Object.entries(setting);
  return first === undefined ? "" : ` (${first.join(" ")})`;
}

/** What runs now and, once there is one, the best so far. */
export function seasonWords({ season, best }: TaskStatus): string[] {
  const { number, setting, blocks, length } = season;
  const now = `season ${number}${settingWords(setting)}, block ${blocks} of ${length}`;
  return best === undefined ? [now] : [now, `best ${percent(best.accuracy)}, season ${best.season}`];
}
