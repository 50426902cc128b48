// A disk that fails when a test says so, under a real process: each write below a directory gets the system's own error number.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("failing-disk.c", import.meta.url));

/** Why a test with a failing disk cannot run here; undefined when it can. */
export const NO_FAILING_DISK: string | undefined =
  process.platform === "linux" && spawnSync("cc", ["--version"]).status === 0 ? undefined : "no C compiler";

export interface FailingDisk {
  /** For the process that is to see it. */
  readonly env: NodeJS.ProcessEnv;
  /** What each write meets from now on; undefined: the disk is sound. */
  fail(how: "EIO" | "EROFS" | undefined): void;
  close(): void;
}

export function failingDisk(under: string): FailingDisk {
  const dir = mkdtempSync(join(tmpdir(), "pouw-failing-"));
  const [library, state] = [join(dir, "failing-disk.so"), join(dir, "errno")];
  const made = spawnSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
  return {
    env: { LD_PRELOAD: library, FAILING_DISK: state, FAILING_DIR: under },
    fail: (how) => writeFileSync(state, how === undefined ? "" : String(constants.errno[how])),
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
}
