// The Log port over pino. Lines go to stderr (stdout is data): JSON for machines, one plain line each for people.
import { type DestinationStream, type Logger, pino } from "pino";
import type { Log } from "../../ports/index.ts";
import { formatLine } from "./format-line.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** JSON lines instead of plain ones. Default false. */
  readonly json?: boolean;
  /** Colour in plain lines. Default false. */
  readonly color?: boolean;
  /** Where lines go; stderr by default. */
  readonly destination?: { write(line: string): void };
}

/** Fields that never reach a line, at the top and one level down. */
const SECRETS = ["secret", "secretKey", "privateKey", "accountSecret"];

/** A log whose children carry their room's name in `room`. */
export function createLog(options: LogOptions): Log {
  const target = options.destination ?? process.stderr;
  const destination: DestinationStream =
    options.json === true
      ? { write: (line) => void target.write(line) }
      : { write: (line) => void target.write(formatLine(line, options.color === true)) };
  const logger = pino(
    {
      level: options.level,
      base: null,
      redact: { paths: [...SECRETS, ...SECRETS.map((name) => `*.${name}`)], censor: "[redacted]" },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return wrap(logger);
}

function wrap(logger: Logger): Log {
  return {
    debug: (data, sentence) => logger.debug(data, sentence),
    info: (data, sentence) => logger.info(data, sentence),
    warn: (data, sentence) => logger.warn(data, sentence),
    error: (data, sentence) => logger.error(data, sentence),
    child: (room) => wrap(logger.child({ room })),
  };
}

/** A log that says nothing. */
export function silentLog(): Log {
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    child: () => log,
  };
  return log;
}
