// Progress on stderr: a bar redrawn in place on a terminal, a line now and then elsewhere.
import { type Io, isLive, say, viewOf } from "../io.ts";
import { clip } from "./text.ts";

const WIDTH = 30;
/** Of the percentage and the spaces beside it. */
const SHARE_WIDTH = 8;

export interface Progress {
  /** `share` from 0 to 1. */
  update(share: number, words: string): void;
  /** Takes the bar away. */
  end(): void;
}

/** One line: bar, percentage, words. A narrow terminal has a shorter bar: of a line that it wraps, redrawing takes away the end only. */
export function bar(share: number, words: string, columns: number): string {
  const width = Math.min(WIDTH, Math.max(0, columns - SHARE_WIDTH - words.length));
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  const percentage = String(Math.floor(share * 100)).padStart(3);
  return clip(`${"█".repeat(full)}${"░".repeat(width - full)} ${percentage} %  ${words}`, columns);
}

/** Times between two drawings, and between two lines, ms: whoever reads a log wants to know that it goes on, and not more. */
const EVERY = { drawing: 100, line: 5000 };

export function progressOn(io: Io, every = EVERY): Progress {
  const live = isLive(io.stderr, io.env);
  let last = live ? Number.NEGATIVE_INFINITY : performance.now();
  return {
    update(share, words) {
      if (performance.now() - last < (live ? every.drawing : every.line)) return;
      last = performance.now();
      if (live) io.stderr.write(`\r\u001b[K${bar(share, words, viewOf(io.stderr, io.env).columns)}`);
      else say(io, `${words}, ${Math.floor(share * 100)} %`);
    },
    end: () => void (live && io.stderr.write("\r\u001b[K")),
  };
}
