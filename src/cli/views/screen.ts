// A screen that redraws itself at the end of a terminal, with log lines above it.
import { createLogUpdate } from "log-update";
import type { Io, Sink } from "../io.ts";
import { widthOf, wrap } from "./text.ts";

export interface Screen {
  draw(lines: readonly string[]): void;
  /** A log line, kept above the screen. */
  write(line: string): void;
  /** Of the terminal, as it is now. */
  columns(): number;
  rows(): number;
  /** Leaves the last drawing where it is; later lines go below it. */
  done(): void;
}

/** The terminal with its talk led above the screen, so that neither overwrites the other. */
export const above = (io: Io, screen: Screen | undefined): Io =>
  screen === undefined
    ? io
    : { ...io, stderr: { write: (text) => screen.write(text), isTTY: true, columns: io.stderr.columns } };

/** Empties the cursor's row and goes to the one above. */
const ROW_ABOVE = "\u001b[2K\u001b[1A";

/** `sink` must be a terminal's stream. */
export function openScreen(sink: Sink): Screen {
  const update = createLogUpdate(sink as unknown as NodeJS.WritableStream, { showCursor: true });
  const columns = (): number => sink.columns ?? 80;
  let last = "";
  let drawnAt = columns();
  // A terminal that became narrower has wrapped the drawing by itself: it takes more rows than were drawn.
  const takeWrapped = (): void => {
    const now = columns();
    const more = (line: string): number => Math.max(0, Math.ceil(widthOf(line) / now) - 1);
    if (now < drawnAt) sink.write(ROW_ABOVE.repeat(last.split("\n").reduce((sum, line) => sum + more(line), 0)));
    drawnAt = now;
  };
  return {
    columns,
    rows: () => sink.rows ?? 24,
    draw(lines) {
      takeWrapped();
      last = lines.join("\n");
      update(last);
    },
    write(line) {
      takeWrapped();
      if (last !== "") update.clear();
      sink.write(wrap(line, columns(), { indent: "  " }).join("\n"));
      if (last !== "") update(last);
    },
    done() {
      last = "";
      update.done();
    },
  };
}
