// What a comparison of two checkouts comes to: ratios of medians, and which of them is worse than the tolerance.

import { each, quantile, ratio, type Sample, type Spread } from "../measure.ts";
import { aligned } from "../rows.ts";

export interface Compared {
  readonly kind: "compared";
  readonly name: string;
  readonly what: string;
  /** Medians of processor time, ms. */
  readonly ours: number;
  readonly theirs: number;
  /** Ours over theirs, of the medians: above 1 this checkout is slower. */
  readonly ratio: number;
  /** Ratios round by round: how far they lie apart. */
  readonly rounds: Spread;
  /** Measured a second time, since the first looked worse. */
  readonly again: boolean;
}

export interface Uncompared {
  readonly kind: "uncompared";
  readonly name: string;
  readonly what: string;
  readonly why: string;
}

export type ComparedRow = Compared | Uncompared;

export function compared(
  { name, what }: { readonly name: string; readonly what: string },
  ours: readonly Sample[],
  theirs: readonly Sample[],
  again: boolean,
): Compared {
  const median = (samples: readonly Sample[]): number => quantile(each(samples, "cpuMs"), 0.5);
  const [a, b] = [median(ours), median(theirs)];
  return {
    kind: "compared",
    name,
    what,
    ours: a,
    theirs: b,
    ratio: a / b,
    rounds: ratio(ours, theirs, "cpuMs"),
    again,
  };
}

/**
 * `tolerance` is a share, 0.03 for 3 %. By the ratio of the medians, and by the median of the rounds' ratios as well: a machine that
 * has two speeds can move the one, where it moves both sides of a round it does not move the other.
 */
export const isWorse = (row: ComparedRow, tolerance: number): boolean =>
  row.kind === "compared" && Math.min(row.ratio, row.rounds.median) > 1 + tolerance;

/** Why nothing in the run can be believed: the same looked different, or a slower one did not; undefined when it can be. */
export function blindness(same: Compared, slow: Compared, tolerance: number): string | undefined {
  if (isWorse(same, tolerance) || Math.max(same.ratio, same.rounds.median) < 1 - tolerance)
    return `this checkout beside itself came to ${same.ratio.toFixed(3)}: the machine is too busy for this tolerance`;
  if (!isWorse(slow, tolerance))
    return `a step made slower on purpose came to ${slow.ratio.toFixed(3)} and was not seen`;
  return undefined;
}

const numeral = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3));

/** The table as lines of text, columns aligned. */
export function comparedLines(rows: readonly ComparedRow[], tolerance: number): string[] {
  const head = ["row", "ratio of medians", "ratios of rounds: quartiles, median", "cpu ms, this / other", "verdict"];
  const cells = rows.map((row) => {
    if (row.kind === "uncompared") return [row.name, "none", "", "", row.why];
    const { low, median, high, count } = row.rounds;
    const verdict = isWorse(row, tolerance)
      ? "slower"
      : Math.max(row.ratio, median) < 1 - tolerance
        ? "faster"
        : "same";
    return [
      row.name,
      row.ratio.toFixed(3),
      `${low.toFixed(3)} ${median.toFixed(3)} ${high.toFixed(3)}, n ${count}`,
      `${numeral(row.ours)} / ${numeral(row.theirs)}`,
      `${verdict}${row.again ? " at the second look" : ""}: ${row.what}`,
    ];
  });
  return aligned([head, ...cells]);
}
