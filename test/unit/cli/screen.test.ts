// The screen that redraws itself, on a terminal of a few rows: what is above it stays, what it drew before goes.
import { expect, it } from "vitest";
import { openScreen } from "../../../src/cli/views/screen.ts";

/** A terminal that wraps what is too wide, and wraps anew when its width changes: rows are cut from lines. */
function terminal(width: number) {
  let lines = [""];
  /** Of the cursor, among the rows on show. */
  let row = 0;
  const sink = {
    isTTY: true,
    columns: width,
    rows: 24,
    write(text: string): void {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told
      for (const [piece] of text.matchAll(/\u001b\[(?:2K|1A|G)|\n|[^\u001b\n]+/g)) {
        if (piece === "\u001b[2K") clearRow();
        else if (piece === "\u001b[1A") row--;
        else if (piece === "\n") newLine();
        else if (piece !== "\u001b[G") put(piece);
      }
    },
  };
  /** Rows, each with the line that it is of. */
  const rows = (): { line: number; from: number; text: string }[] =>
    lines.flatMap((text, line) =>
      Array.from({ length: Math.max(1, Math.ceil(text.length / sink.columns)) }, (_, i) => {
        const from = i * sink.columns;
        return { line, from, text: text.slice(from, from + sink.columns) };
      }),
    );
  function clearRow(): void {
    const at = rows()[row];
    if (at !== undefined) lines[at.line] = (lines[at.line] as string).slice(0, at.from);
  }
  function newLine(): void {
    const at = rows()[row];
    const next = (at?.line ?? lines.length) + 1;
    if (next >= lines.length) lines.push("");
    row = rows().findIndex(({ line }) => line === next);
  }
  function put(text: string): void {
    const at = rows()[row];
    const line = at?.line ?? lines.length - 1;
    lines[line] = (lines[line] as string) + text;
    row = rows().findLastIndex((it) => it.line === line);
  }
  return {
    sink,
    resize(columns: number): void {
      const { line = 0 } = rows()[row] ?? {};
      sink.columns = columns;
      lines = lines.map((it) => it.trimEnd());
      row = rows().findIndex((it) => it.line === line);
    },
    shown: () =>
      rows()
        .map(({ text }) => text)
        .filter((text) => text !== ""),
  };
}

it("draws in place, with log lines above, broken between words", () => {
  const { sink, shown } = terminal(20);
  const screen = openScreen(sink);
  screen.draw(["one", "two"]);
  screen.write("WARN  something of many words\n");
  screen.draw(["three", "four"]);
  expect(shown()).toEqual(["WARN  something of", "  many words", "three", "four"]);
  expect([screen.columns(), screen.rows()]).toEqual([20, 24]);
});

it.each([
  [40, 12],
  [12, 40],
])("leaves nothing of the old drawing where a terminal of %i columns becomes one of %i", (before, after) => {
  const { sink, shown, resize } = terminal(before);
  const screen = openScreen(sink);
  sink.write("above\n");
  screen.draw(["x".repeat(before - 2), "short"]);
  resize(after);
  screen.draw(["y".repeat(after), "end"]);
  expect(shown()).toEqual(["above", "y".repeat(after), "end"]);
  resize(8);
  screen.write("note\n");
  expect(shown().slice(0, 2)).toEqual(["above", "note"]);
});
