// Runs a command as process 1 of a namespace that a test makes, as a container runs it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const UNSHARE = "unshare";
const ALONE = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"];
/** Put before a command: it ends with the namespace, whatever ends that. */
export const AS_FIRST: readonly string[] = [UNSHARE, ...ALONE];

/** Why no test can do so here; undefined when it can. */
export const NO_FIRST: string | undefined =
  process.platform === "linux" && spawnSync(UNSHARE, [...ALONE, "true"]).status === 0
    ? undefined
    : "no right to make a namespace of processes";

/** The first process of a namespace, as it is called outside, by the id of what was started with `AS_FIRST`. */
export const firstIn = (pid: number): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1"));
