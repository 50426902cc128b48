// The data directory, made before anything in it is: a path that cannot be, or may not be written, is said once and in a sentence.
import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { diskFailure } from "../../adapters/level/index.ts";

/** Makes the directory with those above it, for the owner only. Throws STORE_FAILED. */
export function makeDataDir(dataDir: string): void {
  try {
    make(resolve(dataDir));
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw diskFailure(error, dataDir);
  }
}

/** One level after the other: on file systems of the kernel Node's own recursion does not end. */
function make(path: string): void {
  if (isDirectory(path)) return;
  if (dirname(path) !== path) make(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if ((error as { code?: unknown }).code !== "EEXIST" || !isDirectory(path)) throw error;
  }
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
