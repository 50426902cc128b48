// The journal: each batch leaves its number, since LevelDB skips a damaged piece of its log in silence. A hole in the numbers betrays it.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Level } from "level";
import { storeCorrupt } from "../../base/index.ts";
import { frame, unframe } from "./frame.ts";

export type Database = Level<string, Uint8Array>;
export type Operation = { type: "put"; key: string; value: Uint8Array } | { type: "del"; key: string };

/** No caller's key can start with a zero byte, so ranges never meet these. */
const JOURNAL = "\0batch/";
/** Batch numbers kept. */
const JOURNAL_LENGTH = 256;
const journalKey = (n: number): string => JOURNAL + n.toString().padStart(16, "0");

/** What batch `n` writes beside its own. */
export function marksOf(n: number): Operation[] {
  const mark = journalKey(n);
  const put = { type: "put", key: mark, value: frame(mark, new Uint8Array(0)) } as const;
  return n < JOURNAL_LENGTH ? [put] : [put, { type: "del", key: journalKey(n - JOURNAL_LENGTH) }];
}

/** A log that is smaller than one of LevelDB's log blocks may be a first batch torn by a power failure. */
const TORN_BYTES = 32_768;

/** Bytes of logs and tables in a database's directory; 0 when there is none. */
async function storedBytes(path: string): Promise<number> {
  const files = (await readdir(path).catch(() => [])).filter((name) => /\.(log|ldb|sst)$/.test(name));
  // A name may still be listed when its file has just gone: the process before this one ended a moment ago.
  const sizeOf = (name: string): Promise<number> =>
    stat(join(path, name)).then(
      ({ size }) => size,
      (error: { readonly code?: unknown }) => {
        if (error.code === "ENOENT") return 0;
        throw error;
      },
    );
  const sizes = await Promise.all(files.map(sizeOf));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Number of the newest batch; throws STORE_CORRUPT when the numbers have a hole, or begin too late. */
async function readJournal(db: Database, storedBefore: number): Promise<number> {
  let last = -1;
  let count = 0;
  for await (const [key, stored] of db.iterator({ gte: JOURNAL, lt: `${JOURNAL}~` })) {
    unframe(key, stored);
    const n = Number(key.slice(JOURNAL.length));
    if (last >= 0 && n !== last + 1) throw storeCorrupt(`batch ${last + 1} of the write log is missing`);
    last = n;
    count++;
  }
  if (last < 0 && storedBefore > TORN_BYTES) throw storeCorrupt("none of its batches can be read");
  if (count < Math.min(last + 1, JOURNAL_LENGTH)) throw storeCorrupt("the older batches of the write log are missing");
  return last;
}

/**
 * Opens the database in `path`, looks whether a batch is missing from its log, and writes one: a disk that takes nothing any more is found here.
 * The number of the batch that comes next.
 */
export async function openJournaled(db: Database, path: string, { least = 0 } = {}): Promise<number> {
  const storedBefore = await storedBytes(path);
  await db.open();
  const next = (await readJournal(db, storedBefore)) + 1;
  if (next < least) throw storeCorrupt(`batch ${next} of the write log is missing`);
  // A new one was written to by LevelDB just now.
  if (next === 0) return 0;
  await db.batch(marksOf(next), { sync: true });
  return next + 1;
}
