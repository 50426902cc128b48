// The terminal as the commands see it: two streams, the environment, signals. Tests bring their own.
import type { Readable } from "node:stream";
import pc from "picocolors";
import { wrap } from "./views/text.ts";

export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

export interface Io {
  /** Data. */
  readonly stdout: Sink;
  /** Talk. */
  readonly stderr: Sink;
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined };
  readonly env: { readonly [name: string]: string | undefined };
  readonly cwd: string;
  readonly home: string;
  /** How to start this command again as a child: the program and its first arguments. */
  readonly self: { readonly program: string; readonly args: readonly string[] };
  /** Calls for each SIGINT, SIGTERM, SIGHUP, or when the parent that holds our IPC channel goes; returns the removal. */
  onInterrupt(listener: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

export type Colors = ReturnType<typeof pc.createColors>;

type ColorEnv = { readonly NO_COLOR?: string; readonly FORCE_COLOR?: string; readonly TERM?: string };

/** Colour on terminals only; NO_COLOR and TERM=dumb switch it off, FORCE_COLOR on. */
export function colorsFor(sink: Sink, env: ColorEnv): Colors {
  const wanted = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "0";
  const refused = (env.NO_COLOR !== undefined && env.NO_COLOR !== "") || env.FORCE_COLOR === "0" || env.TERM === "dumb";
  return pc.createColors(!refused && (wanted || sink.isTTY === true));
}

/** Whether a screen that redraws itself makes sense on `sink`. */
export const isLive = (sink: Sink, env: ColorEnv & { readonly CI?: string }): boolean =>
  sink.isTTY === true && env.TERM !== "dumb" && (env.CI === undefined || env.CI === "");

/** What lines are laid out for. What is no terminal takes lines of any length. */
export interface View {
  readonly colors: Colors;
  readonly columns: number;
}

const columnsOf = (sink: Sink): number => (sink.isTTY === true ? (sink.columns ?? 80) : Number.POSITIVE_INFINITY);
export const viewOf = (sink: Sink, env: ColorEnv): View => ({ colors: colorsFor(sink, env), columns: columnsOf(sink) });

export const printLine = (io: Io, text: string): void => void io.stdout.write(`${text}\n`);

/** Sentences for people; where a terminal breaks them, the next lines begin with `indent`. */
export function say(io: Io, text: string, indent = ""): void {
  for (const line of wrap(text, columnsOf(io.stderr), { indent })) io.stderr.write(`${line}\n`);
}

/** JSON for people's machines: bigints as decimal strings. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_key, it: unknown) => (typeof it === "bigint" ? it.toString() : it), indent);
}

/** One value as indented JSON on stdout. */
export const printJson = (io: Io, value: unknown): void => printLine(io, toJson(value, 2));
