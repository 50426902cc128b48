// What every command is handed, and the one way in which a command ends.
import type { Command } from "commander";
import type { Plugins } from "../node/index.ts";
import type { CliDeps } from "./deps.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Io } from "./io.ts";

export interface Context {
  readonly io: Io;
  readonly deps: CliDeps;
  /** Those that flags, environment or configuration file name. */
  readonly plugins: Plugins;
  readonly version: string;
  /** Wraps an action: its number is the exit code, nothing is 0. */
  action(
    run: (command: Command) => Promise<ExitCode | undefined> | ExitCode | undefined,
  ): (...args: unknown[]) => Promise<void>;
}

/** Options of `command` with the shape that it declared. */
export const optionsOf = <T>(command: Command): T => command.opts() as T;

export interface JsonOption {
  readonly json?: true;
}
