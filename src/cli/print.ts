// What a command answers with: JSON where that was asked for, else lines for people.
import type { Command } from "commander";
import { type JsonOption, optionsOf } from "./context.ts";
import { type Io, printJson, printLine, type View, viewOf } from "./io.ts";

export function print<T>(
  io: Io,
  command: Command,
  value: T,
  lines: (value: T, view: View) => readonly string[],
): undefined {
  if (optionsOf<JsonOption>(command).json) printJson(io, value);
  else for (const line of lines(value, viewOf(io.stdout, io.env))) printLine(io, line);
  return undefined;
}
