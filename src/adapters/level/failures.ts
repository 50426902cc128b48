// What goes wrong on disk, as coded errors with the next step. LevelDB and Node say the same things in other words.
import { messageOf, PouwError, storeCorrupt } from "../../base/index.ts";

/** How the system says it -> what that means for whoever reads it. */
const FAILURES: readonly { readonly says: RegExp; readonly sentence: (path: string) => string; remedy: string }[] = [
  {
    says: /no space left|ENOSPC|quota|EDQUOT|file too large|EFBIG/i,
    sentence: (path) => `There is no room left on the disk for ${path}.`,
    remedy: "Free some space there: a running node then goes on by itself.",
  },
  {
    says: /read-only file system|EROFS/i,
    sentence: (path) => `The file system of ${path} is read-only.`,
    remedy: "Mount it for writing, or choose another directory with --data-dir.",
  },
  {
    says: /permission denied|not permitted|EACCES|EPERM/i,
    sentence: (path) => `This user may not write to ${path}.`,
    remedy: "Give it the directory with chown, or choose another one with --data-dir.",
  },
  {
    says: /too many open files|EMFILE|ENFILE/i,
    sentence: (path) => `This process may not open as many files as ${path} needs.`,
    remedy: "Raise the limit before the start, such as with `ulimit -n 4096`.",
  },
  {
    says: /input\/output error|EIO\b/i,
    sentence: (path) => `The disk with ${path} fails: it answers with an input/output error.`,
    remedy: "Look into the system's log, and move the data directory to a sound disk.",
  },
  {
    says: /not a directory|ENOTDIR|file exists|EEXIST/i,
    sentence: (path) => `${path} cannot be a directory: a file stands in its way.`,
    remedy: "Choose another directory with --data-dir.",
  },
  {
    says: /ENOENT.*mkdir/i,
    sentence: (path) => `The file system does not let ${path} be made.`,
    remedy: "Choose another directory with --data-dir.",
  },
];

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

export const closed = (): PouwError => new PouwError("CLOSED", "The store was used after it was closed.");

/** Whether an operation met a database that is not open, or was closed under it. */
export function isNotOpen(error: unknown): boolean {
  const code = codeOf(error);
  return code === "LEVEL_DATABASE_NOT_OPEN" || code === "LEVEL_ITERATOR_NOT_OPEN";
}

/** STORE_FAILED for what the system refused at a path. */
export function diskFailure(error: unknown, path: string): PouwError {
  const why = rootMessage(error);
  const known = FAILURES.find(({ says }) => says.test(why));
  const sentence = known?.sentence(path) ?? `${path} cannot be used: ${why}.`;
  const remedy = known?.remedy ?? "Check that the directory exists, is writable and has free space.";
  return new PouwError("STORE_FAILED", sentence, { remedy, cause: error });
}

/** STORE_LOCKED, STORE_CORRUPT or STORE_FAILED, each with its sentence; `path` is the store's directory. */
export function failureOf(error: unknown, path: string): PouwError {
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
  if (code === "LEVEL_CORRUPTION" || gone) return storeCorrupt(`LevelDB says "${why}"`, error);
  return diskFailure(error, path);
}
