// The file of what a key signed: one id a slot through restarts, a torn end, a damaged line, a full disk; and it does not grow without end.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createWallet } from "../../src/node/index.ts";
import { openSignedFile, signedPath } from "../../src/node/parts/signed-file.ts";
import { NO_SMALL_DISK, smallDisk } from "../support/small-disk.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pouw-signed-"));
  path = join(dir, "signed-test.log");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const id = (n: number): string => n.toString(16).padStart(64, "0");
const win = (height: number, n: number) => ({ slot: `win/${height}/aa/1`, height, id: id(n) });

it("grants a slot once, the same object again, and both after a restart", async () => {
  const first = await openSignedFile(path);
  expect([first.isNew, first.top, await first.claim(win(5, 1))]).toEqual([true, 0, true]);
  // It is on disk when it is granted.
  expect(readFileSync(path, "utf8")).toBe(`win/5/aa/1 5 ${id(1)}\n`);
  expect([await first.claim(win(5, 2)), await first.claim(win(5, 1))]).toEqual([false, true]);
  await first.close();
  const again = await openSignedFile(path);
  expect([again.isNew, again.top, again.has(id(1)), again.has(id(2))]).toEqual([false, 5, true, false]);
  expect([await again.claim(win(5, 2)), await again.claim(win(5, 1)), await again.claim(win(6, 3))]).toEqual([
    false,
    true,
    true,
  ]);
  await again.close();
  expect(statSync(path).mode & 0o077).toBe(0);
});

it("grants one of two that come at once", async () => {
  const file = await openSignedFile(path);
  expect(await Promise.all([file.claim(win(1, 1)), file.claim(win(1, 2))])).toEqual([true, false]);
  await file.close();
});

it("forgets a torn last line, which nobody was told of, and refuses a damaged one by its number", async () => {
  const file = await openSignedFile(path);
  await file.claim(win(1, 1));
  await file.close();
  appendFileSync(path, "win/2/aa/1 2 00");
  const torn = await openSignedFile(path);
  expect([torn.top, await torn.claim(win(2, 7))]).toEqual([1, true]);
  await torn.close();
  writeFileSync(path, `win/1/aa/1 1 ${id(1)}\nwin/2/aa/1 two ${id(2)}\n`);
  await expect(openSignedFile(path)).rejects.toMatchObject({
    code: "STORE_CORRUPT",
    message: expect.stringContaining("Line 2"),
    remedy: expect.stringContaining("--bootstrap"),
  });
});

it("signs nothing far under what it signed, whose lines are gone, and stays small", async () => {
  const file = await openSignedFile(path);
  for (let height = 1; height <= 600; height++) expect(await file.claim(win(height, height))).toBe(true);
  expect([await file.claim(win(344, 999)), await file.claim(win(345, 999)), file.has(id(300))]).toEqual([
    false,
    false,
    false,
  ]);
  await file.close();
  const again = await openSignedFile(path);
  expect(readFileSync(path, "utf8").split("\n")).toHaveLength(257);
  expect([await again.claim({ ...win(344, 1), slot: "win/344/bb/1" }), again.top]).toEqual([false, 600]);
  await again.close();
});

it("is there from the first with a key that is new, and not with one from elsewhere", () => {
  const { keys } = createWallet(join(dir, "new"));
  expect(existsSync(signedPath(join(dir, "new"), keys.address))).toBe(true);
  const moved = createWallet(join(dir, "moved"), new Uint8Array(32).fill(7));
  expect(existsSync(signedPath(join(dir, "moved"), moved.keys.address))).toBe(false);
});

describe("on a disk that fails now and then", () => {
  type Failing = Record<"write" | "datasync", (...args: never[]) => Promise<unknown>>;
  /** What all open files do. */
  async function files(): Promise<Failing> {
    const handle = await open(join(dir, "any"), "w");
    await handle.close();
    return Object.getPrototypeOf(handle) as Failing;
  }
  const lines = (...wins: readonly ReturnType<typeof win>[]): string =>
    wins.map(({ slot, height, id: of }) => `${slot} ${height} ${of}\n`).join("");

  it("grants what the disk says it has, not what it was given", async () => {
    const file = await openSignedFile(path);
    const order: string[] = [];
    const handles = await files();
    const { datasync } = handles;
    vi.spyOn(handles, "datasync").mockImplementationOnce(async function (this: unknown) {
      await datasync.call(this);
      order.push("on disk");
    });
    await file.claim(win(1, 1)).then(() => order.push("granted"));
    expect(order).toEqual(["on disk", "granted"]);
    await file.close();
  });

  it.each([
    ["a line of which it took a part", "write"],
    ["one that it took and could not keep", "datasync"],
  ] as const)("forgets %s, and writes the file anew before the next", async (_, what) => {
    const file = await openSignedFile(path);
    expect(await file.claim(win(1, 1))).toBe(true);
    const handles = await files();
    const { write } = handles;
    const part = async function (this: unknown, text: string, at: number) {
      return write.call(this, ...([text.slice(0, 9), at] as never[]));
    };
    const lost = (): Promise<never> => Promise.reject(Object.assign(new Error("i/o error"), { code: "EIO" }));
    vi.spyOn(handles, what).mockImplementationOnce((what === "write" ? part : lost) as Failing["write"]);
    await expect(file.claim(win(2, 2))).rejects.toMatchObject({ code: "STORE_FAILED" });
    // Whatever the file is left as: nobody knows.
    appendFileSync(path, "something else\n".repeat(99));
    expect([await file.claim(win(2, 3)), await file.claim(win(3, 4))]).toEqual([true, true]);
    await file.close();
    expect(readFileSync(path, "utf8")).toBe(lines(win(1, 1), win(2, 3), win(3, 4)));
  });
});

it.skipIf(!existsSync("/dev/full"))("grants nothing that the disk does not take", async () => {
  const file = await openSignedFile(path);
  await file.claim(win(1, 1));
  await file.close();
  await expect(openSignedFile("/dev/full/signed.log")).rejects.toMatchObject({ code: "STORE_FAILED" });
});

describe.skipIf(NO_SMALL_DISK !== undefined)(`on a small disk (${NO_SMALL_DISK ?? "mounted"})`, () => {
  it("grants nothing while there is no room, and goes on in a whole file once there is", async () => {
    const disk = smallDisk(1);
    try {
      const own = join(disk.dir, "signed.log");
      const file = await openSignedFile(own);
      expect(await file.claim(win(1, 1))).toBe(true);
      disk.fill();
      let height = 2;
      const refused = async (): Promise<unknown> => {
        for (; height < 200; height++) {
          const error = await file.claim(win(height, 1)).catch((reason: unknown) => reason);
          if (error !== true) return error;
        }
        return undefined;
      };
      expect(await refused()).toMatchObject({ code: "STORE_FAILED", message: expect.stringContaining("no room left") });
      await expect(file.claim(win(height, 1))).rejects.toMatchObject({ code: "STORE_FAILED" });
      disk.free();
      expect([await file.claim(win(height, 2)), await file.claim(win(height, 1))]).toEqual([true, false]);
      await file.close();
      const again = await openSignedFile(own);
      expect([again.top, again.has(id(2)), await again.claim(win(1, 2))]).toEqual([height, true, false]);
      await again.close();
    } finally {
      disk.close();
    }
  });
});
