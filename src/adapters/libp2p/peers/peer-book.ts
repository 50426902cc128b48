// The peers and addresses of earlier runs, on disk, so that a node finds its network again without a bootstrap peer.
import { join } from "node:path";
import { LevelDatastore } from "datastore-level";
import { messageOf, PouwError } from "../../../base/index.ts";
import type { Log } from "../../../ports/index.ts";

/** Opens `<dataDir>/peers`. Undefined without a directory, or when the book is unreadable (a loss, not a failure). Throws STORE_LOCKED. */
export async function openPeerBook(dataDir: string | undefined, log: Log): Promise<LevelDatastore | undefined> {
  if (dataDir === undefined) return undefined;
  const path = join(dataDir, "peers");
  const book = new LevelDatastore(path);
  try {
    // The database itself first: the datastore's own open keeps nothing of the reason when it fails.
    await book.db.open();
    await book.open();
    return book;
  } catch (error) {
    if (isLocked(error))
      throw new PouwError("STORE_LOCKED", `another process has ${path} open`, {
        remedy: "Stop the other node, or give this one another data directory.",
        cause: error,
      });
    log.warn({ path, error: messageOf(error) }, "the book of known peers is unreadable; going on without it");
    return undefined;
  }
}

function isLocked(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++)
    if ("code" in at && at.code === "LEVEL_LOCKED") return true;
  return false;
}
