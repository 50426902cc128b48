// A small real file system that a test fills to the last byte and frees again; undefined where the machine does not let us mount one.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk {
  readonly dir: string;
  /** Leaves no byte. */
  fill(): void;
  free(): void;
  /** Whether it takes writes at all. */
  remount(how: "ro" | "rw"): void;
  close(): void;
}

/** Why a test with a disk of its own cannot run here; undefined when it can. */
export const NO_SMALL_DISK: string | undefined =
  process.platform === "linux" && process.getuid?.() === 0 && tryOut() ? undefined : "no right to mount a file system";

function mounts(...args: readonly string[]): boolean {
  return spawnSync(args[0] as string, args.slice(1), { stdio: "ignore" }).status === 0;
}

function tryOut(): boolean {
  const dir = mkdtempSync(join(tmpdir(), "pouw-disk-"));
  const can = mounts("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir) && mounts("umount", dir);
  rmSync(dir, { recursive: true, force: true });
  return can;
}

export function smallDisk(mebibytes: number): SmallDisk {
  const dir = mkdtempSync(join(tmpdir(), "pouw-disk-"));
  if (!mounts("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", dir)) throw new Error("no disk");
  const filler = join(dir, "filler");
  return {
    dir,
    fill() {
      const file = openSync(filler, "a");
      try {
        // Ever smaller pieces, down to the last byte.
        for (let size = 1 << 20; size >= 1; size >>= 2) {
          try {
            for (;;) if (writeSync(file, new Uint8Array(size)) === 0) break;
          } catch (error) {
            if ((error as { code?: unknown }).code !== "ENOSPC") throw error;
          }
        }
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler, { force: true }),
    remount: (how) => void mounts("mount", "-o", `remount,${how}`, dir),
    close() {
      mounts("umount", "-l", dir);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
