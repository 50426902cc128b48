// Small pieces of every view: tables, sparklines, shortened ids and durations.
import wrapAnsi from "wrap-ansi";

/** First digits of an id, enough to tell two apart on a screen. */
export const short = (id: string, digits = 10): string => (id.length > digits ? `${id.slice(0, digits)}…` : id);

/** An address with enough of both ends to tell it from others: its first letters are the network's name. */
export function shortAddress(address: string): string {
  const from = address.lastIndexOf("1") + 1;
  return address.length > from + 12 ? `${address.slice(0, from + 6)}…${address.slice(-4)}` : address;
}

const BARS = "▁▂▃▄▅▆▇█";

/** A line of bars for `values`, lowest to highest of them; at most `width` of the newest. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.filter(Number.isFinite).slice(-width);
  const low = Math.min(...shown);
  const span = Math.max(...shown) - low;
  const bar = (value: number): string =>
    BARS[span === 0 ? 0 : Math.min(BARS.length - 1, Math.floor(((value - low) / span) * BARS.length))] as string;
  return shown.map(bar).join("");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
const ANSI = /\u001b\[[0-9;]*m/g;
/** Columns that `text` takes; every character used here is one column wide. */
export const widthOf = (text: string): number => [...text.replace(ANSI, "")].length;

/** What no line break goes into: a command would not run as it is copied, and dots alone in a line say nothing. */
const WHOLE = /`[^`]+`|\S+ \.\.\./g;
const HELD = "\u00a0";
const hold = (text: string): string => text.replace(WHOLE, (whole) => whole.replaceAll(" ", HELD));

const longestWord = (text: string): number => Math.max(...hold(text).split(/[ \n]/).map(widthOf));

interface Wrapping {
  /** Before every line but the first. */
  readonly indent?: string;
  /** Breaks a word that no line can hold. Else it stays whole for the terminal to wrap, so that it is copied whole. */
  readonly hard?: boolean;
}

/** `text` in lines of at most `columns`, broken between words; each begins as far in as the text does. */
export function wrap(text: string, columns: number, { indent = "", hard = false }: Wrapping = {}): string[] {
  return text.split("\n").flatMap((line) => {
    if (widthOf(line) <= columns) return [line];
    const words = line.trimStart();
    const margin = " ".repeat(line.length - words.length);
    const room = Math.max(1, columns - margin.length - indent.length);
    const lines = wrapAnsi(hold(words), room, { hard }).replaceAll(HELD, " ").split("\n");
    return lines.map((it, i) => (i === 0 ? margin : margin + indent) + it);
  });
}

type Rows = readonly (readonly string[])[];

function widthsOf(rows: Rows): number[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
  return widths;
}

/** Columns padded to their widest cell, two spaces apart. Numbers in `right` are aligned to the right. */
export function table(rows: Rows, right: readonly number[] = []): string[] {
  const widths = widthsOf(rows);
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = " ".repeat((widths[i] as number) - widthOf(cell));
        return right.includes(i) ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** A table whose last column is text: it goes on under itself, and where a word of it has no room there, on lines of its own. */
export function textTable(rows: Rows, columns: number, right: readonly number[] = []): string[] {
  const last = Math.max(...rows.map((row) => row.length)) - 1;
  const heads = table(
    rows.map((row) => row.slice(0, last)),
    right,
  );
  const at = Math.max(...heads.map(widthOf)) + 2;
  return rows.flatMap((row, i) => {
    const head = heads[i] as string;
    const text = row[last] ?? "";
    if (text === "") return [head];
    if (longestWord(text) > columns - at)
      return [head, ...wrap(text.replace(/^/gm, "  "), columns)].filter((line) => widthOf(line) > 0);
    const space = (line: number): string => (line === 0 ? head + " ".repeat(at - widthOf(head)) : " ".repeat(at));
    return wrap(text, columns - at).map((part, line) => space(line) + part);
  });
}

/** A table no wider than `columns`: what does not fit beside the rest goes on below, under the first column again. */
export function foldTable(rows: Rows, columns: number, right: readonly number[] = []): string[] {
  const [first = 0, ...others] = widthsOf(rows);
  const blocks: number[][] = [];
  let width = first;
  for (const [i, own] of others.entries()) {
    if (blocks.length === 0 || width + 2 + own > columns) {
      blocks.push([]);
      width = first;
    }
    blocks.at(-1)?.push(i + 1);
    width += 2 + own;
  }
  return blocks.flatMap((block) => {
    const shown = rows.filter((row) => block.some((i) => row[i] !== undefined));
    const cells = shown.map((row) => [0, ...block].map((i) => row[i] ?? ""));
    const lines = table(
      cells,
      right.filter((i) => i === 0 || block.includes(i)).map((i) => block.indexOf(i) + 1),
    );
    return lines.map((line) => clip(line, columns));
  });
}

/** Parts two spaces apart; where the line ends they go on in the next one, indented. A word that no line can hold is broken. */
export function flow(parts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of parts.filter((it) => it !== "")) {
    const longer = line === "" ? part : `${line}  ${part}`;
    if (line !== "" && widthOf(longer) > columns) {
      lines.push(line);
      line = `  ${part}`;
    } else line = longer;
  }
  return [...lines, line].flatMap((it) => wrap(it, columns, { indent: "  ", hard: true }));
}

/** `text` with its middle left out where it is wider than `columns`: both ends of an address tell it from others. */
export function middleOut(text: string, columns: number): string {
  if (text.length <= columns) return text;
  const kept = Math.max(2, columns - 1);
  return `${text.slice(0, Math.ceil(kept / 2))}…${text.slice(text.length - Math.floor(kept / 2))}`;
}

/** The height, and where it is to get to. */
export const heightWords = ({
  height,
  targetHeight,
}: {
  readonly height: number;
  readonly targetHeight: number;
}): string => (targetHeight > height ? `${height} of ${targetHeight}` : `${height}`);

/** `1h 02m`, `3m 20s`, `12s`. */
export function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  if (h > 0) return `${h}h ${two(m)}m`;
  return m > 0 ? `${m}m ${two(s)}s` : `${s}s`;
}

export const percent = (share: number | undefined, digits = 1): string =>
  share === undefined || !Number.isFinite(share) ? "-" : `${(100 * share).toFixed(digits)} %`;
export const fixed = (value: number | undefined, digits: number): string =>
  value === undefined || !Number.isFinite(value) ? "-" : value.toFixed(digits);
/** A loss in nats: small ones keep their digits, or they would stand still on a screen while they fall. */
export const lossWord = (loss: number | undefined): string =>
  loss === undefined || !Number.isFinite(loss) ? "-" : loss >= 0.01 ? loss.toFixed(4) : loss.toPrecision(2);
export const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
const PIECE = /\u001b\[[0-9;]*m|[\s\S]/gu;

/** Cuts a line that a terminal would wrap; colour codes are closed. */
export function clip(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let width = 0;
  let out = "";
  for (const piece of line.match(PIECE) ?? []) {
    if (piece.startsWith("\u001b")) out += piece;
    else if (width < columns - 1) {
      out += piece;
      width++;
    }
  }
  return `${out}…`;
}
