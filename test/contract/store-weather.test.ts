// The store on a real file system that fills up, and that turns read-only: what it acknowledged is there afterwards, and it says what is wrong.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Level } from "level";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLevelStore } from "../../src/adapters/level/index.ts";
import { utf8 } from "../../src/base/index.ts";
import type { Store } from "../../src/ports/index.ts";
import { durableBatch, PARTS, partKey, partValue } from "../support/durable-batch.ts";
import { NO_SMALL_DISK, type SmallDisk, smallDisk } from "../support/small-disk.ts";

const MEBIBYTES = 24;
let disk: SmallDisk;
let store: Store;

describe.skipIf(NO_SMALL_DISK !== undefined)(`a small disk (${NO_SMALL_DISK ?? "mounted"})`, () => {
  beforeEach(async () => {
    disk = smallDisk(MEBIBYTES);
    store = await openLevelStore(path());
  });
  afterEach(async () => {
    await store.close().catch(() => undefined);
    disk.close();
  });
  const path = (): string => join(disk.dir, "chain");

  /** Writes batches from number `from` until one fails; the number of that one. */
  async function untilFull(from: number): Promise<{ failed: number; error: unknown }> {
    for (let n = from; n < from + 10_000; n++) {
      try {
        await store.batch(durableBatch(n));
      } catch (error) {
        return { failed: n, error };
      }
    }
    throw new Error("the disk did not fill");
  }

  async function expectWhole(numbers: readonly number[]): Promise<void> {
    for (const n of numbers)
      for (let part = 0; part < PARTS; part++)
        expect(Buffer.from((await store.get(partKey(n, part))) ?? []).equals(partValue(n, part)), `${n}`).toBe(true);
  }

  it("that is full takes nothing more until it was opened anew, and then has all that it acknowledged", async () => {
    await store.batch(durableBatch(0));
    disk.fill();
    const { failed, error } = await untilFull(1);
    expect(error).toMatchObject({ code: "STORE_FAILED", message: expect.stringContaining("no room left") });
    await expect(store.recover()).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(await store.get(partKey(0, 1))).toEqual(partValue(0, 1));
    disk.free();
    // There is room again, but what stands in the log is not known.
    await expect(store.batch(durableBatch(failed))).rejects.toMatchObject({ code: "STORE_FAILED" });
    await store.recover();
    for (let n = failed; n < failed + 50; n++) await store.batch(durableBatch(n));
    await store.close();
    store = await openLevelStore(path());
    await expectWhole(Array.from({ length: failed + 50 }, (_, n) => n));
    expect(readdirSync(path())).not.toContain("room.tmp");
  });

  it("that fills time and again never loses a batch", async () => {
    let next = 0;
    for (let time = 0; time < 6; time++) {
      for (let n = 0; n < 20; n++) await store.batch(durableBatch(next++));
      disk.fill();
      next = (await untilFull(next)).failed;
      disk.free();
      await store.recover();
    }
    await store.close();
    store = await openLevelStore(path());
    await expectWhole(Array.from({ length: next }, (_, n) => n));
  });

  it("as LevelDB itself has it, loses what it acknowledges behind the failed write", async () => {
    await store.close();
    const raw = new Level<string, Uint8Array>(join(disk.dir, "raw"), { valueEncoding: "view" });
    await raw.open();
    await raw.put("first", utf8("x"), { sync: true });
    disk.fill();
    // A piece of it still fits the log's last page.
    await expect(raw.put("torn", new Uint8Array(50_000), { sync: true })).rejects.toThrow();
    disk.free();
    const acknowledged = ["a", "b", "c"];
    for (const key of acknowledged) await raw.put(key, utf8("x"), { sync: true });
    await raw.close();
    await raw.open();
    const gone: string[] = [];
    for (const key of acknowledged) if ((await raw.get(key)) === undefined) gone.push(key);
    await raw.close();
    expect(gone).toEqual(acknowledged);
  });

  it("reads on while it is full, over an iteration that began before and goes on after", async () => {
    for (let n = 0; n < 40; n++) await store.batch(durableBatch(n));
    disk.fill();
    const { failed } = await untilFull(40);
    disk.free();
    const seen: string[] = [];
    for await (const key of store.keys({ gte: "batch/", lt: "batch0" })) {
      seen.push(key);
      if (seen.length === 50) await store.recover();
    }
    expect(seen).toEqual(
      Array.from({ length: failed * PARTS }, (_, i) => partKey(Math.floor(i / PARTS), i % PARTS)).slice(0, seen.length),
    );
    expect(seen.length).toBeGreaterThanOrEqual(failed * PARTS);
  });

  it("that turns read-only says so, and goes on once it is mounted for writing", async () => {
    await store.batch(durableBatch(0));
    await store.close();
    disk.remount("ro");
    const error = await openLevelStore(path()).catch((it: unknown) => it);
    expect(error).toMatchObject({ code: "STORE_FAILED", message: expect.stringContaining("read-only") });
    disk.remount("rw");
    store = await openLevelStore(path());
    await expectWhole([0]);
  });
});
