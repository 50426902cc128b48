// Temporary directories of `devnet`, with keys in them: each says which process it is of, and those of processes that were killed go at the next start.
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PREFIX = "pouw-devnet-";
/** In each of them: the id of the process that made it. */
const OWNER = "devnet.pid";

/** A new one under `parent`; first takes those away that dead processes of this user left there. */
export function makeTemporary(parent: string): string {
  for (const name of readdirSync(parent).filter((it) => it.startsWith(PREFIX))) sweep(join(parent, name));
  const dir = mkdtempSync(join(parent, PREFIX));
  writeFileSync(join(dir, OWNER), `${process.pid}\n`);
  return dir;
}

/** Lets one stay for good, for what is to be read in it. */
export function keepTemporary(dir: string): void {
  rmSync(join(dir, OWNER), { force: true });
}

/** What cannot be told apart from another's stays. */
function sweep(dir: string): void {
  try {
    const found = lstatSync(dir);
    // Windows has no user ids, and a temporary directory for each user.
    if (!found.isDirectory() || found.uid !== (process.geteuid?.() ?? found.uid)) return;
    const pid = Number(readFileSync(join(dir, OWNER), "utf8"));
    if (Number.isSafeInteger(pid) && pid > 0 && isGone(pid)) rmSync(dir, { recursive: true, force: true });
  } catch {
    // Another process takes it away just now, or made it and has not said whose it is.
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
