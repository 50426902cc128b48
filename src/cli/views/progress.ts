// A progress bar on stderr: redrawn in place on a terminal, nothing elsewhere.
import { type Io, isLive } from "../io.ts";

const WIDTH = 30;

export interface Progress {
  /** `share` from 0 to 1. */
  update(share: number, words: string): void;
  /** Takes the bar away. */
  end(): void;
}

/** One line: bar, percentage, words. */
export function bar(share: number, words: string): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
  return `${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${String(Math.floor(share * 100)).padStart(3)} %  ${words}`;
}

/** `everyMs`: drawings are at least this far apart. */
export function progressOn(io: Io, everyMs = 100): Progress {
  if (!isLive(io.stderr, io.env)) return { update: () => undefined, end: () => undefined };
  let last = Number.NEGATIVE_INFINITY;
  return {
    update(share, words) {
      if (performance.now() - last < everyMs) return;
      last = performance.now();
      io.stderr.write(`\r\u001b[K${bar(share, words)}`);
    },
    end: () => void io.stderr.write("\r\u001b[K"),
  };
}
