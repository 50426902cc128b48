// Every exit code of the command, in one table.
import { CommanderError } from "commander";
import { ERROR_CODES, PouwError } from "../base/index.ts";

export const EXIT = {
  /** Done, or stopped cleanly. */
  ok: 0,
  /** It failed; the sentence on stderr says why. */
  failure: 1,
  /** The command line or a setting is wrong. */
  usage: 2,
  /** This machine lacks what was asked for. */
  capabilityAbsent: 3,
  /** Interrupted before it was done, or stopped at once by a second Ctrl-C. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A finite command that was interrupted throws this. */
export class Interrupted extends Error {
  constructor() {
    super("Interrupted.");
  }
}

/** The exit code that an error ends the process with. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof PouwError) return ERROR_CODES[error.code].exit;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  return EXIT.failure;
}
