// Small pieces of every view: tables, sparklines, shortened ids, amounts and durations.

/** Coins have six decimals; everything below the doors counts in millionths. */
const DECIMALS = 6;
const UNIT = 10n ** BigInt(DECIMALS);

/** `10500000` -> `10.5`. */
export function formatAmount(units: string | bigint): string {
  const value = BigInt(units);
  const sign = value < 0n ? "-" : "";
  const positive = value < 0n ? -value : value;
  const fraction = (positive % UNIT).toString().padStart(DECIMALS, "0").replace(/0+$/, "");
  return `${sign}${positive / UNIT}${fraction === "" ? "" : `.${fraction}`}`;
}

/** `10.5` -> 10500000n; undefined when it is not an amount. */
export function parseAmount(text: string): bigint | undefined {
  const match = /^(\d{1,13})(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (match === null) return undefined;
  return BigInt(match[1] as string) * UNIT + BigInt((match[2] ?? "").padEnd(DECIMALS, "0"));
}

/** First digits of an id, enough to tell two apart on a screen. */
export const short = (id: string, digits = 10): string => (id.length > digits ? `${id.slice(0, digits)}…` : id);

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

/** Columns padded to their widest cell, two spaces apart. Numbers in `right` are aligned to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
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
export const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;

/** Cuts a line that a terminal would wrap; colour codes are closed. */
export function clip(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let width = 0;
  let out = "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
  for (const piece of line.match(/\u001b\[[0-9;]*m|[\s\S]/gu) ?? []) {
    if (piece.startsWith("\u001b")) out += piece;
    else if (width < columns - 1) {
      out += piece;
      width++;
    }
  }
  return `${out}…`;
}
