// Directories of devnets that were killed: taken away with their keys, and nobody else's.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keepTemporary, makeTemporary } from "../../../src/cli/devnet-dirs.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "pouw-dirs-"));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** A directory as a devnet of this process id leaves it. */
function left(name: string, pid: number | string | undefined): string {
  const dir = join(parent, name);
  mkdirSync(join(dir, "node-0"), { recursive: true });
  writeFileSync(join(dir, "node-0", "wallet.key"), "secret");
  if (pid !== undefined) writeFileSync(join(dir, "devnet.pid"), `${pid}\n`);
  return dir;
}
const deadPid = (): number => spawnSync(process.execPath, ["-e", "0"]).pid;

it("takes away what a dead process left, and makes a new one", () => {
  const dead = left("pouw-devnet-dead", deadPid());
  const made = makeTemporary(parent);
  expect([existsSync(dead), existsSync(made)]).toEqual([false, true]);
  // That of a process that lives stays.
  expect(makeTemporary(parent)).not.toBe(made);
  expect(existsSync(made)).toBe(true);
});

it("leaves what may be somebody else's, or is kept for its logs", () => {
  const pid = deadPid();
  const kept = left("pouw-devnet-kept", pid);
  keepTemporary(kept);
  const others = [
    kept,
    left("pouw-devnet-unsaid", undefined),
    left("pouw-devnet-odd", "0"),
    left("pouw-devnet-words", "none"),
    left("another-tool", pid),
  ];
  symlinkSync(left("elsewhere", pid), join(parent, "pouw-devnet-link"));
  writeFileSync(join(parent, "pouw-devnet-file"), "");
  makeTemporary(parent);
  for (const dir of [...others, join(parent, "elsewhere", "node-0", "wallet.key")]) expect(existsSync(dir)).toBe(true);
});
