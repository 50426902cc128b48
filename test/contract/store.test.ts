// The Store port's contract, run by both stores; then what only the one on disk promises.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Level } from "level";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { memoryStore, openLevelStore } from "../../src/adapters/level/index.ts";
import { PouwError, utf8 } from "../../src/base/index.ts";
import type { Store, StoreRange } from "../../src/ports/index.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pouw-store-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function failure(job: () => Promise<unknown>): Promise<PouwError> {
  try {
    await job();
  } catch (error) {
    if (error instanceof PouwError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

async function keysOf(store: Store, range: StoreRange): Promise<string[]> {
  const out: string[] = [];
  for await (const key of store.keys(range)) out.push(key);
  return out;
}

async function entriesOf(store: Store, range: StoreRange): Promise<(readonly [string, Uint8Array])[]> {
  const out: (readonly [string, Uint8Array])[] = [];
  for await (const entry of store.entries(range)) out.push(entry);
  return out;
}

const ALL: StoreRange = { gte: " ", lt: "~~" };
const put = (key: string, value: Uint8Array | string) => ({
  key,
  value: typeof value === "string" ? utf8(value) : value,
});

const STORES: readonly (readonly [string, () => Promise<Store>])[] = [
  ["memory", async () => memoryStore()],
  ["level", () => openLevelStore(join(dir, "chain"))],
];

describe.each(STORES)("%s store", (_name, open) => {
  let store: Store;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());

  it("gives back what was put, and nothing for what was not", async () => {
    const value = Uint8Array.from({ length: 100_000 }, (_, i) => i & 255);
    await store.batch([put("a", value), put("empty", new Uint8Array(0))]);
    expect(await store.get("a")).toEqual(value);
    expect(await store.get("empty")).toEqual(new Uint8Array(0));
    expect(await store.get("b")).toBeUndefined();
  });

  it("keeps its own copy of what it was given", async () => {
    const value = utf8("before");
    await store.batch([put("a", value)]);
    value.fill(0);
    const read = (await store.get("a")) as Uint8Array;
    expect(read).toEqual(utf8("before"));
    read.fill(0);
    expect(await store.get("a")).toEqual(utf8("before"));
  });

  it("orders keys byte by byte within half-open ranges", async () => {
    const names = ["b/2", "a", "b/10", "b/1", "B", "b", "c", "b/~", "b0"];
    await store.batch(names.map((name) => put(name, name)));
    expect(await keysOf(store, ALL)).toEqual([...names].sort((x, y) => (x < y ? -1 : 1)));
    expect(await keysOf(store, { gte: "b/", lt: "b0" })).toEqual(["b/1", "b/10", "b/2", "b/~"]);
    expect(await keysOf(store, { gte: "b/", lt: "b0", reverse: true, limit: 2 })).toEqual(["b/~", "b/2"]);
    expect(await keysOf(store, { gte: "b/1", lt: "b/2", limit: 5 })).toEqual(["b/1", "b/10"]);
    expect(await keysOf(store, { gte: "x", lt: "y" })).toEqual([]);
    expect(await keysOf(store, { gte: "c", lt: "a" })).toEqual([]);
    expect(await entriesOf(store, { gte: "c", lt: "d" })).toEqual([["c", utf8("c")]]);
  });

  it("applies a batch in order: the last write of a key stands", async () => {
    await store.batch([put("a", "1"), put("b", "1")]);
    await store.batch([put("a", "2"), { key: "a", value: undefined }, { key: "b", value: undefined }, put("b", "3")]);
    expect(await store.get("a")).toBeUndefined();
    expect(await store.get("b")).toEqual(utf8("3"));
    expect(await keysOf(store, ALL)).toEqual(["b"]);
  });

  it("refuses a batch with a bad key whole", async () => {
    const error = await failure(() => store.batch([put("good", "1"), put("bad\nkey", "1")]));
    expect(error.code).toBe("INTERNAL");
    expect((await failure(() => store.batch([put("", "1")]))).code).toBe("INTERNAL");
    expect(await store.get("good")).toBeUndefined();
  });

  it("iterates over a snapshot and may be left half way", async () => {
    await store.batch(["a", "b", "c"].map((name) => put(name, name)));
    const seen: string[] = [];
    for await (const [key] of store.entries(ALL)) {
      if (seen.length === 0) await store.batch([put("bb", "new"), { key: "c", value: undefined }]);
      seen.push(key);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(["a", "b", "c"]);
    expect(await keysOf(store, ALL)).toEqual(["a", "b", "bb"]);
  });

  it("takes many batches at once, in the order in which they were given", async () => {
    await Promise.all(Array.from({ length: 300 }, (_, i) => store.batch([put("last", String(i)), put(`n/${i}`, "x")])));
    expect(await store.get("last")).toEqual(utf8("299"));
    expect(await keysOf(store, { gte: "n/", lt: "n0" })).toHaveLength(300);
  });

  it("throws CLOSED for every use after close, and closes twice", async () => {
    await store.batch([put("a", "1")]);
    await store.close();
    await store.close();
    expect((await failure(() => store.get("a"))).code).toBe("CLOSED");
    expect((await failure(() => store.batch([put("a", "1")]))).code).toBe("CLOSED");
    expect((await failure(() => keysOf(store, ALL))).code).toBe("CLOSED");
    expect((await failure(() => entriesOf(store, ALL))).code).toBe("CLOSED");
  });

  it("throws CLOSED in a loop that was open when it closed", async () => {
    await store.batch(Array.from({ length: 2000 }, (_, i) => put(`k${i}`, "v".repeat(100))));
    const error = await failure(async () => {
      for await (const _ of store.entries(ALL)) await store.close();
    });
    expect(error.code).toBe("CLOSED");
  });
});

describe("level store on disk", () => {
  const path = (): string => join(dir, "chain");
  const raw = () => new Level<string, Uint8Array>(path(), { keyEncoding: "utf8", valueEncoding: "view" });
  /** A store of `n` records of 1 kB each, closed again. */
  async function filled(n: number): Promise<void> {
    const store = await openLevelStore(path());
    for (let i = 0; i < n; i++) {
      // Incompressible, so that the file's bytes are the values' bytes.
      const value = createHash("shake256", { outputLength: 1024 }).update(`${i}`).digest();
      await store.batch([put(`k${String(i).padStart(5, "0")}`, value)]);
    }
    await store.close();
  }
  async function readAll(): Promise<(readonly [string, Uint8Array])[]> {
    const store = await openLevelStore(path());
    try {
      return await entriesOf(store, ALL);
    } finally {
      await store.close();
    }
  }
  const files = (end: string): string[] => readdirSync(path()).filter((name) => name.endsWith(end));

  it("keeps everything over a reopen", async () => {
    await filled(600);
    const store = await openLevelStore(path());
    expect(await keysOf(store, ALL)).toHaveLength(600);
    await store.batch([put("more", "1")]);
    await store.close();
    const again = await openLevelStore(path());
    expect(await keysOf(again, ALL)).toHaveLength(601);
    await again.close();
  });

  it("acknowledges no batch before it is on the disk: every write is synced", async () => {
    const written = vi.spyOn(Level.prototype, "batch");
    const store = await openLevelStore(join(dir, "chain"));
    await store.batch([put("a", "1")]);
    await Promise.all([store.batch([put("b", "2")]), store.batch([{ key: "a", value: undefined }])]);
    await store.close();
    const options = written.mock.calls.map((call) => (call as readonly unknown[])[1]);
    expect(options).toEqual([{ sync: true }, { sync: true }, { sync: true }]);
    written.mockRestore();
  });

  it("is open in one place only, and says what to do", async () => {
    const store = await openLevelStore(path());
    const error = await failure(() => openLevelStore(path()));
    expect(error.code).toBe("STORE_LOCKED");
    expect(error.message).toContain(path());
    expect(error.remedy).toContain("--data-dir");
    await store.close();
    await (await openLevelStore(path())).close();
  });

  it("names the key of a damaged value", async () => {
    await filled(3);
    const db = raw();
    const stored = (await db.get("k00001")) as Uint8Array;
    stored[500] = (stored[500] as number) ^ 1;
    await db.put("k00001", stored);
    await db.close();
    const store = await openLevelStore(path());
    const error = await failure(() => store.get("k00001"));
    expect(error.code).toBe("STORE_CORRUPT");
    expect(error.message).toContain("k00001");
    expect(error.remedy).toContain("Stop the node");
    expect((await failure(() => entriesOf(store, ALL))).code).toBe("STORE_CORRUPT");
    expect(await store.get("k00002")).toHaveLength(1024);
    await store.close();
  });

  it("knows a good value under a wrong key", async () => {
    await filled(2);
    const db = raw();
    await db.put("k00001", (await db.get("k00000")) as Uint8Array);
    await db.close();
    const store = await openLevelStore(path());
    expect((await failure(() => store.get("k00001"))).code).toBe("STORE_CORRUPT");
    await store.close();
  });

  it("never gives back a wrong value from a table file with flipped bytes", async () => {
    await filled(40);
    // Recovery at the next open turns the log into a table.
    const good = new Map(await readAll());
    const table = join(path(), files(".ldb")[0] as string);
    const honest = readFileSync(table);
    let found = 0;
    for (let at = 700; at < honest.length - 4000; at += 5000) {
      const bytes = Uint8Array.from(honest);
      bytes[at] = (bytes[at] as number) ^ 0x55;
      writeFileSync(table, bytes);
      try {
        for (const [key, value] of await readAll()) expect(value, key).toEqual(good.get(key));
      } catch (error) {
        if (!(error instanceof PouwError)) throw error;
        expect(error.code).toBe("STORE_CORRUPT");
        found++;
      }
    }
    expect(good.size).toBe(40);
    expect(found).toBeGreaterThan(3);
  });

  it("finds a hole in the write log, which LevelDB skips in silence", async () => {
    await filled(200);
    const log = join(path(), files(".log").find((name) => statSync(join(path(), name)).size > 100_000) as string);
    const bytes = readFileSync(log);
    bytes[40_000] = (bytes[40_000] as number) ^ 0xff;
    writeFileSync(log, bytes);
    const error = await failure(async () => (await openLevelStore(path())).close());
    expect(error.code).toBe("STORE_CORRUPT");
    expect(error.message).toMatch(/batch \d+ of the write log is missing/);
  });

  it("finds a write log whose beginning, or whole, LevelDB skips", async () => {
    for (const upTo of [40_000, Number.POSITIVE_INFINITY]) {
      await filled(200);
      for (const name of files(".log")) {
        const bytes = readFileSync(join(path(), name));
        for (let at = 64; at < Math.min(bytes.length, upTo); at += 1024) bytes[at] = (bytes[at] as number) ^ 0xff;
        writeFileSync(join(path(), name), bytes);
      }
      const error = await failure(async () => (await openLevelStore(path())).close());
      expect(error.code).toBe("STORE_CORRUPT");
      expect(error.message).toContain("batches");
      rmSync(path(), { recursive: true });
    }
  });

  it("maps LevelDB's own finding of damage", async () => {
    await filled(3);
    writeFileSync(join(path(), "CURRENT"), "junk\n");
    const error = await failure(() => openLevelStore(path()));
    expect(error.code).toBe("STORE_CORRUPT");
    expect(error.remedy).toContain("fetched anew");
  });

  it("says STORE_FAILED where a directory cannot be", async () => {
    writeFileSync(join(dir, "file"), "");
    expect((await failure(() => openLevelStore(join(dir, "file", "chain")))).code).toBe("STORE_FAILED");
  });
});
