// Which of a network's tasks a node follows, and which its miner trains: as people name them, checked once the network is known.
import { PouwError } from "../../base/index.ts";
import { isCalled } from "../../roles/index.ts";
import type { Task } from "../../work/index.ts";
import { didYouMean } from "../config/index.ts";

/** The tasks that `names` names, all when there is none. Throws BAD_CONFIG for a name that none of `tasks` has; `setting` is whose value it is. */
export function tasksNamed(tasks: readonly Task[], names: readonly string[], setting: string): readonly Task[] {
  for (const name of names) {
    if (tasks.some((task) => isCalled(task, name))) continue;
    const known = tasks.map((task) => task.name);
    throw new PouwError("BAD_CONFIG", `${setting} names no task here: "${name}"${didYouMean(name, known)}.`, {
      remedy: `Choose among ${known.join(", ")}.`,
    });
  }
  return names.length === 0 ? tasks : tasks.filter((task) => names.some((name) => isCalled(task, name)));
}
