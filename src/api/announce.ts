// `api.json` in the data directory tells other commands where the running node answers. A stale one is recognised:
// its process is gone, or somebody else's.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { messageOf, PouwError } from "../base/index.ts";
import { makeDataDir } from "../node/index.ts";
import { type ApiClient, apiClient } from "./client.ts";

const announcement = z.object({ url: z.url(), pid: z.int().positive() });
export type Announcement = z.infer<typeof announcement>;

export const announcementPath = (dataDir: string): string => join(dataDir, "api.json");

/** Writes the file for this process; returns the function that removes it, if it is still ours. */
export function announce(dataDir: string, url: string): () => void {
  const path = announcementPath(dataDir);
  const mine: Announcement = { url, pid: process.pid };
  makeDataDir(dataDir);
  const draft = `${path}.${process.pid}`;
  // A file of that name that is there already, or a link that somebody planted, is not written through.
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(mine)}\n`, { mode: 0o600, flag: "wx" });
  renameSync(draft, path);
  return () => {
    const now = readAnnouncement(dataDir);
    if (now?.pid === mine.pid && now.url === url) rmSync(path, { force: true });
  };
}

/** What the file says; undefined when it is missing or is not one. */
export function readAnnouncement(dataDir: string): Announcement | undefined {
  try {
    return announcement.parse(JSON.parse(readFileSync(announcementPath(dataDir), "utf8")));
  } catch {
    return undefined;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
}

/** A client of the node that runs on `dataDir`; throws NOT_RUNNING with `start`, the command that starts one, and removes a file left by a dead process. */
export function findNode(dataDir: string, start = "`pouw-node start`"): ApiClient {
  const found = readAnnouncement(dataDir);
  if (found !== undefined && alive(found.pid)) return apiClient(found.url);
  if (found !== undefined) rmSync(announcementPath(dataDir), { force: true });
  if (found === undefined) sayUnreadable(announcementPath(dataDir));
  throw new PouwError("NOT_RUNNING", `No node runs on ${dataDir}.`, {
    remedy: `Start one with ${start}, or name its directory with --data-dir.`,
  });
}

/** Where there is a file that leads to a node and this user cannot follow it, a node may run all the same. */
function sayUnreadable(path: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return;
    throw new PouwError(
      "NOT_RUNNING",
      `${path}, which leads to the running node, cannot be read: ${messageOf(error)}.`,
      {
        remedy: "Ask as the user who started the node.",
        cause: error,
      },
    );
  }
}
