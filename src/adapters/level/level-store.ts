// The Store port over LevelDB: checksummed values, synced batches, and a journal that shows a lost batch.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { messageOf, PouwError, SerialQueue } from "../../base/index.ts";
import type { Store, StoreRange, StoreWrite } from "../../ports/index.ts";
import { corrupt, frame, unframe } from "./frame.ts";
import { checkKey } from "./keys.ts";

type Database = Level<string, Uint8Array>;
type Operation = { type: "put"; key: string; value: Uint8Array } | { type: "del"; key: string };

/** Each batch leaves its number here. No caller's key can start with a zero byte, so ranges never meet these. */
const JOURNAL = "\0batch/";
/** Batch numbers kept. LevelDB skips a damaged piece of its log in silence; the gap in the numbers betrays it. */
const JOURNAL_LENGTH = 256;
const journalKey = (n: number): string => JOURNAL + n.toString().padStart(16, "0");

/** The reason inside abstract-level's wrapper. */
function codeOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    const code = (at as { code?: unknown }).code;
    if (typeof code === "string" && code !== "LEVEL_DATABASE_NOT_OPEN") return code;
    if (at.cause === undefined && typeof code === "string") return code;
  }
  return "";
}

function rootMessage(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return messageOf(at);
}

function mapError(error: unknown, path: string): PouwError {
  if (error instanceof PouwError) return error;
  const code = codeOf(error);
  const why = rootMessage(error);
  if (code === "LEVEL_LOCKED") {
    return new PouwError("STORE_LOCKED", `Another process has the data directory open: ${path}.`, {
      remedy: "Stop the other node, or give this one its own directory with --data-dir.",
      cause: error,
    });
  }
  // A file that its own index names and that is gone is damage as well.
  const gone = code === "LEVEL_IO_ERROR" && /No such file/i.test(why);
  if (code === "LEVEL_CORRUPTION" || gone) return corrupt(`LevelDB says "${why}"`, error);
  if (code === "LEVEL_DATABASE_NOT_OPEN" || code === "LEVEL_ITERATOR_NOT_OPEN") return closed();
  return new PouwError("STORE_FAILED", `The store in ${path} refused: ${why}.`, {
    remedy: "Check that the directory exists, is writable and has free space.",
    cause: error,
  });
}

const closed = (): PouwError => new PouwError("CLOSED", "The store was used after it was closed.");

/** A log that is smaller than one of LevelDB's log blocks may be a first batch torn by a power failure. */
const TORN_BYTES = 32_768;

/** Bytes of logs and tables in a database's directory; 0 when there is none. */
async function storedBytes(path: string): Promise<number> {
  const files = (await readdir(path).catch(() => [])).filter((name) => /\.(log|ldb|sst)$/.test(name));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Number of the newest batch; throws STORE_CORRUPT when the numbers have a hole, or begin too late. */
async function readJournal(db: Database, storedBefore: number): Promise<number> {
  let last = -1;
  let count = 0;
  for await (const [key, stored] of db.iterator({ gte: JOURNAL, lt: `${JOURNAL}~` })) {
    unframe(key, stored);
    const n = Number(key.slice(JOURNAL.length));
    if (last >= 0 && n !== last + 1) throw corrupt(`batch ${last + 1} of the write log is missing`);
    last = n;
    count++;
  }
  if (last < 0 && storedBefore > TORN_BYTES) throw corrupt("none of its batches can be read");
  if (count < Math.min(last + 1, JOURNAL_LENGTH)) throw corrupt("the older batches of the write log are missing");
  return last;
}

class LevelStore implements Store {
  readonly #db: Database;
  readonly #path: string;
  #next: number;
  /** Batches one after the other: two in flight could reach the log in either order, and a crash between leave a hole. */
  readonly #writer = new SerialQueue();
  #closing: Promise<void> | undefined;

  /** `next`: number of the batch that is written next. */
  constructor(options: { readonly path: string; readonly next: number }, db: Database) {
    this.#db = db;
    this.#path = options.path;
    this.#next = options.next;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#open();
    const stored = await this.#mapped(() => this.#db.get(key));
    return stored === undefined ? undefined : unframe(key, stored);
  }

  async batch(writes: readonly StoreWrite[]): Promise<void> {
    this.#open();
    const operations: Operation[] = writes.map(({ key, value }) => {
      checkKey(key);
      return value === undefined ? { type: "del", key } : { type: "put", key, value: frame(key, value) };
    });
    if (operations.length === 0) return;
    await this.#writer.run(async () => {
      const mark = journalKey(this.#next);
      operations.push({ type: "put", key: mark, value: frame(mark, new Uint8Array(0)) });
      if (this.#next >= JOURNAL_LENGTH) operations.push({ type: "del", key: journalKey(this.#next - JOURNAL_LENGTH) });
      await this.#mapped(() => this.#db.batch(operations, { sync: true }));
      this.#next++;
    });
  }

  async *entries(range: StoreRange): AsyncGenerator<readonly [string, Uint8Array]> {
    this.#open();
    const iterator = this.#db.iterator(range);
    try {
      for (;;) {
        const entry = await this.#mapped(() => iterator.next());
        if (entry === undefined) return;
        yield [entry[0], unframe(entry[0], entry[1])];
      }
    } finally {
      await iterator.close();
    }
  }

  async *keys(range: StoreRange): AsyncGenerator<string> {
    this.#open();
    const iterator = this.#db.keys(range);
    try {
      for (;;) {
        const key = await this.#mapped(() => iterator.next());
        if (key === undefined) return;
        yield key;
      }
    } finally {
      await iterator.close();
    }
  }

  close(): Promise<void> {
    // What was accepted is written first.
    this.#closing ??= this.#writer.idle().then(() => this.#db.close());
    return this.#closing;
  }

  #open(): void {
    if (this.#closing !== undefined) throw closed();
  }

  async #mapped<T>(job: () => Promise<T>): Promise<T> {
    try {
      return await job();
    } catch (error) {
      throw this.#closing === undefined ? mapError(error, this.#path) : closed();
    }
  }
}

/**
 * Opens (and makes, if need be) the store in the directory `path`. One process at a time.
 * Throws STORE_LOCKED, STORE_CORRUPT or STORE_FAILED, each with its remedy.
 */
export async function openLevelStore(path: string): Promise<Store> {
  const db: Database = new Level(path, { keyEncoding: "utf8", valueEncoding: "view" });
  try {
    const storedBefore = await storedBytes(path);
    await db.open();
    return new LevelStore({ path, next: (await readJournal(db, storedBefore)) + 1 }, db);
  } catch (error) {
    await db.close().catch(() => undefined);
    throw mapError(error, path);
  }
}
