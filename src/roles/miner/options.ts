// The miner's own settings.
import { setting } from "../../base/index.ts";
import { taskNames } from "../task-names.ts";

export const MINER_SETTINGS = [
  setting({
    key: "miner.tasks",
    schema: taskNames,
    flag: "train",
    value: "task",
    help: "a task that the miner trains, by name or id; may be repeated; none: every task that the node follows",
  }),
] as const;
