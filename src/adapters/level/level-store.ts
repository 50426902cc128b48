// The Store port over LevelDB: checksummed values, synced batches, and a journal that shows a lost batch.
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { SerialQueue } from "../../base/index.ts";
import type { Store, StoreRange, StoreWrite } from "../../ports/index.ts";
import { closed, failureOf, isNotOpen } from "./failures.ts";
import { FrameRoom, unframe } from "./frame.ts";
import { type Database, marksOf, type Operation, openJournaled } from "./journal.ts";
import { checkKey } from "./keys.ts";

/** Twice what LevelDB writes at once: with so much room opening it does not fail half way. */
const ROOM_BYTES = 8 << 20;

/**
 * Blocks bring megabytes in rows of some hundred kilobytes: with LevelDB's own sizes, meant for small rows, a third more is written again and
 * again as tables are merged.
 */
const TABLES = { writeBufferSize: 8 << 20, maxFileSize: 16 << 20 } as const;

/** What iterators over keys and over entries have in common. */
interface Walk<T> {
  readonly iterator: (range: StoreRange) => { next(): Promise<T | undefined>; close(): Promise<void> };
  readonly keyOf: (item: T) => string;
}

class LevelStore implements Store {
  readonly #db: Database;
  readonly #path: string;
  #next: number;
  /** Batches one after the other: two in flight could reach the log in either order, and a crash between leave a hole. */
  readonly #writer = new SerialQueue();
  readonly #room = new FrameRoom();
  /** Why a batch failed: what the log holds of it is not known, and what came behind a torn piece would be lost. */
  #failed: unknown;
  #reopening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** `next`: number of the batch that is written next. */
  constructor(options: { readonly path: string; readonly next: number }, db: Database) {
    this.#db = db;
    this.#path = options.path;
    this.#next = options.next;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#open();
    const stored = await this.#read(() => this.#db.get(key));
    return stored === undefined ? undefined : unframe(key, stored);
  }

  async batch(writes: readonly StoreWrite[]): Promise<void> {
    this.#open();
    for (const { key } of writes) checkKey(key);
    if (writes.length === 0) return;
    await this.#writer.run(async () => {
      if (this.#failed !== undefined) throw this.#failed;
      this.#room.clear();
      const operations = writes.map(({ key, value }): Operation => {
        return value === undefined ? { type: "del", key } : { type: "put", key, value: this.#room.frame(key, value) };
      });
      try {
        await this.#db.batch([...operations, ...marksOf(this.#next)], { sync: true });
      } catch (error) {
        this.#failed = this.#mapped(error);
        throw this.#failed;
      }
      this.#next++;
    });
  }

  recover(): Promise<void> {
    return this.#writer.run(async () => {
      this.#open();
      if (this.#failed === undefined) return;
      try {
        // Looked for first, with the database open: so what is stored can be read as long as nothing can be written.
        await findRoom(this.#path);
        this.#reopening = this.#reopen();
        await this.#reopening;
      } catch (error) {
        this.#failed = this.#mapped(error);
        throw this.#failed;
      } finally {
        this.#reopening = undefined;
      }
      this.#failed = undefined;
    });
  }

  async #reopen(): Promise<void> {
    await this.#db.close();
    this.#next = await openJournaled(this.#db, this.#path, { least: this.#next });
  }

  entries(range: StoreRange): AsyncGenerator<readonly [string, Uint8Array]> {
    const unframed = ([key, stored]: readonly [string, Uint8Array]): readonly [string, Uint8Array] => [
      key,
      unframe(key, stored),
    ];
    return this.#walk(range, { iterator: (part) => this.#db.iterator(part), keyOf: ([key]) => key }, unframed);
  }

  keys(range: StoreRange): AsyncGenerator<string> {
    return this.#walk(range, { iterator: (part) => this.#db.keys(part), keyOf: (key) => key }, (key) => key);
  }

  /** Over a snapshot; where the database was opened anew meanwhile, over what stands behind the last key. */
  async *#walk<T, R>(range: StoreRange, { iterator, keyOf }: Walk<T>, shown: (item: T) => R): AsyncGenerator<R> {
    this.#open();
    let at = iterator(range);
    let last: string | undefined;
    let count = 0;
    try {
      for (;;) {
        const item = await this.#read(
          () => at.next(),
          () => {
            at = iterator(behind(range, last, count));
          },
        );
        if (item === undefined) return;
        last = keyOf(item);
        count++;
        yield shown(item);
      }
    } finally {
      await at.close();
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

  /** Reads; once more, after `anew`, when the database was opened anew under it. */
  async #read<T>(job: () => Promise<T>, anew = (): void => undefined): Promise<T> {
    try {
      return await job();
    } catch (error) {
      if (!isNotOpen(error) || this.#closing !== undefined) throw this.#mapped(error);
      await this.#reopening?.catch(() => undefined);
      if (this.#db.status !== "open") throw this.#failed ?? this.#mapped(error);
    }
    try {
      anew();
      return await job();
    } catch (error) {
      throw this.#mapped(error);
    }
  }

  #mapped(error: unknown): unknown {
    return this.#closing !== undefined || isNotOpen(error) ? closed() : failureOf(error, this.#path);
  }
}

/** What of `range` comes behind the key `last`, the `count`-th. */
function behind(range: StoreRange, last: string | undefined, count: number): StoreRange {
  const rest = range.limit === undefined ? range : { ...range, limit: range.limit - count };
  if (last === undefined) return rest;
  return range.reverse === true ? { ...rest, lt: last } : { ...rest, gte: `${last}\0` };
}

/** Throws unless a file of some size can be written and synced in a directory. */
async function findRoom(path: string): Promise<void> {
  const name = join(path, "room.tmp");
  try {
    const file = await open(name, "w", 0o600);
    try {
      await file.writeFile(new Uint8Array(ROOM_BYTES));
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(name, { force: true });
  }
}

/**
 * Opens (and makes, if need be) the store in the directory `path`. One process at a time.
 * Throws STORE_LOCKED, STORE_CORRUPT or STORE_FAILED, each with its remedy.
 */
export async function openLevelStore(path: string): Promise<Store> {
  const db: Database = new Level(path, { keyEncoding: "utf8", valueEncoding: "view", ...TABLES });
  try {
    return new LevelStore({ path, next: await openJournaled(db, path) }, db);
  } catch (error) {
    await db.close().catch(() => undefined);
    throw failureOf(error, path);
  }
}
