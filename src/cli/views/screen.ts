// A screen that redraws itself at the end of a terminal, with log lines above it.
import { createLogUpdate } from "log-update";
import type { Sink } from "../io.ts";

export interface Screen {
  draw(lines: readonly string[]): void;
  /** A log line, kept above the screen. */
  write(line: string): void;
  columns(): number;
  /** Leaves the last drawing where it is. */
  done(): void;
}

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
      update.clear();
      sink.write(line);
      if (last !== "") update(last);
    },
    done: () => update.done(),
  };
}
