// One row of the table: a figure with its spread, what it should be, and how it is shown.
import { isSlower, type Spread } from "./measure.ts";

export interface Goal {
  readonly kind: "most" | "least";
  readonly value: number;
}

interface Named {
  /** `group/what`, what `--only` and `--baseline` go by. */
  readonly name: string;
  readonly what: string;
}
export interface Figure extends Named {
  readonly kind: "figure";
  readonly unit: "ratio" | "%" | "per s" | "ms" | "MB";
  /** Shares are from 0 to 1. */
  readonly value: Spread;
  readonly goal: Goal | undefined;
  /** Means the same in another run: not wall time, which others on the machine decide, and not the luck of one chain. */
  readonly comparable: boolean;
  /** What stands behind it, with units in the names. */
  readonly detail: { readonly [name: string]: number | string };
}
export interface Skipped extends Named {
  readonly kind: "skipped";
  readonly reason: string;
}
export type Row = Figure | Skipped;

/** What a piece of the bench is given. */
export interface Bench {
  readonly quick: boolean;
  wants(name: string): boolean;
  /** A line for people, on stderr. */
  progress(text: string): void;
}

/** What a figure is of, and in what. */
export type Title = Pick<Figure, "name" | "what" | "unit">;

export const figure = (
  title: Title,
  value: Spread,
  { goal, detail = {}, comparable = true }: Partial<Pick<Figure, "goal" | "detail" | "comparable">> = {},
): Figure => ({ kind: "figure", ...title, value, goal, comparable, detail });

export const skipped = (name: string, what: string, reason: string): Skipped => ({
  kind: "skipped",
  name,
  what,
  reason,
});

export const atMost = (value: number): Goal => ({ kind: "most", value });
export const atLeast = (value: number): Goal => ({ kind: "least", value });

export function meets({ value, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined;
  return goal.kind === "most" ? value.median <= goal.value : value.median >= goal.value;
}

/** Whether a row, of which less is better, is above the same row of an earlier run; undefined when that cannot be said. */
export function regressed(row: Row, earlier: readonly Row[]): boolean | undefined {
  const before = earlier.find(({ name }) => name === row.name);
  if (row.kind === "skipped" || before === undefined || before.kind === "skipped") return undefined;
  return row.comparable ? isSlower(row.value, before.value) : undefined;
}

function shown(unit: Figure["unit"], value: number): string {
  if (unit === "%") return `${(value * 100).toFixed(2)} %`;
  if (unit === "ratio") return value.toFixed(3);
  return `${value.toPrecision(3)} ${unit}`;
}

function judged(row: Figure): string {
  const { goal, unit } = row;
  if (goal === undefined) return "";
  const sign = goal.kind === "most" ? "<=" : ">=";
  return `${meets(row) === true ? "ok" : "MISSED"} (${sign} ${shown(unit, goal.value)})`;
}

const numeral = (value: number | string): string =>
  typeof value === "string" ? value : `${Number(value.toPrecision(3))}`;
const details = (detail: Figure["detail"]): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name} ${numeral(value)}`)
    .join(", ");

/** Lines of text, the cells of each column under each other. */
export function aligned(cells: readonly (readonly string[])[]): string[] {
  const widths = (cells[0] ?? []).map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] as number))
      .join("  ")
      .trimEnd(),
  );
}

/** The table as lines of text, columns aligned; `earlier` adds what has become slower. */
export function tableLines(rows: readonly Row[], earlier: readonly Row[]): string[] {
  const head = ["row", "median", "quartiles", "goal", "measured"];
  const cells = rows.map((row) => {
    if (row.kind === "skipped") return [row.what, "skipped", "", "", row.reason];
    const { median, low, high, count } = row.value;
    const quartiles = low === high ? "" : `${shown(row.unit, low)} - ${shown(row.unit, high)}, `;
    const worse = regressed(row, earlier) === true ? ["SLOWER than the baseline"] : [];
    return [
      row.what,
      shown(row.unit, median),
      `${quartiles}n ${count}`,
      [judged(row), ...worse].join(" ").trim(),
      details(row.detail),
    ];
  });
  return aligned([head, ...cells]);
}
