// The data directory: made level by level for its owner, and where it cannot be made or written, a sentence says so, soon.
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createWallet, loadConfig, loadNetwork, makeDataDir } from "../../src/node/index.ts";
import { refusal } from "../support/refusal.ts";
import { NO_SMALL_DISK, smallDisk } from "../support/small-disk.ts";

const linux = process.platform === "linux";
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pouw-dir-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("is made with all above it, for its owner only, and may be there already", () => {
  const path = join(dir, "a", "b", "c");
  makeDataDir(path);
  makeDataDir(path);
  if (process.platform !== "win32")
    for (const made of [path, join(dir, "a")]) expect(statSync(made).mode & 0o777).toBe(0o700);
});

describe("one that cannot be", () => {
  it.skipIf(!linux).each([
    ["on a file system of the kernel", "/proc/pouw/x", /does not let \/proc\/pouw\/x be made/],
    ["under a device", "/dev/null/x", /a file stands in its way/],
  ])("%s", (_where, path, sentence) => {
    for (const make of [makeDataDir, createWallet]) {
      const error = refusal(() => void make(path));
      expect(error.code).toBe("STORE_FAILED");
      expect(error.message).toMatch(sentence);
      expect(error.remedy).toContain("--data-dir");
    }
  });

  it("where a file has its name", () => {
    writeFileSync(join(dir, "file"), "");
    expect(refusal(() => makeDataDir(join(dir, "file"))).message).toContain("a file stands in its way");
  });

  it.skipIf(NO_SMALL_DISK !== undefined)("on a disk that is read-only, whether it or only its parent is there", () => {
    const disk = smallDisk(1);
    try {
      mkdirSync(join(disk.dir, "there"));
      disk.remount("ro");
      for (const name of ["there", "not"]) {
        const error = refusal(() => makeDataDir(join(disk.dir, name)));
        expect(error.code).toBe("STORE_FAILED");
        expect(error.message).toContain("is read-only");
      }
    } finally {
      disk.close();
    }
  });
});

describe("files beside it that an editor began with a byte order mark", () => {
  const MARK = "\uFEFF";

  it("are a configuration and a genesis as any other", () => {
    writeFileSync(join(dir, "node.config.json"), `${MARK}{ "maxPeers": 7 }`);
    expect(loadConfig({ cwd: dir, env: {}, home: dir }).options.maxPeers).toBe(7);
    const { genesis } = loadNetwork("devnet");
    const path = join(dir, "mine.json");
    writeFileSync(path, MARK + JSON.stringify(genesis));
    expect(loadNetwork(path).genesis).toEqual(genesis);
  });
});
