// A screen that redraws itself at the end of a terminal, with log lines above it.
import { createLogUpdate } from "log-update";
import type { Io, Sink } from "../io.ts";

export interface Screen {
  draw(lines: readonly string[]): void;
  /** A log line, kept above the screen. */
  write(line: string): void;
  columns(): number;
  /** Leaves the last drawing where it is; later lines go below it. */
  done(): void;
}

/** The terminal with its talk led above the screen, so that neither overwrites the other. */
export const above = (io: Io, screen: Screen | undefined): Io =>
  screen === undefined
    ? io
    : { ...io, stderr: { write: (text) => screen.write(text), isTTY: true, columns: io.stderr.columns } };

/** `sink` must be a terminal's stream. */
export function openScreen(sink: Sink): Screen {
  const update = createLogUpdate(sink as unknown as NodeJS.WritableStream, { showCursor: true });
  let last = "";
  return {
    columns: () => sink.columns ?? 80,
    draw(lines) {
      last = lines.join("\n");
      update(last);
    },
    write(line) {
      if (last !== "") update.clear();
      sink.write(line);
      if (last !== "") update(last);
    },
    done() {
      last = "";
      update.done();
    },
  };
}
