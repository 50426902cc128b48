// The study as people read it: a line per season, a line per model.
import type { SeasonFigures, Verdict } from "./study.ts";

const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

function row({ season, hyper, units, changed, sampled, walked, held }: SeasonFigures): string[] {
  const mean = changed.reduce((sum, share) => sum + share, 0) / changed.length;
  return [
    `${season}`,
    Object.entries(hyper)
      .filter(([name]) => ["learningRate", "momentum"].includes(name))
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
    `${units}`,
    percent(Math.min(...changed)),
    percent(mean),
    `${sampled.withoutGradient + walked.withoutGradient}`,
    `${sampled.withoutChange + walked.withoutChange}`,
    `${walked.repeated}`,
    `${sampled.steps + walked.steps}`,
    held.validation.toFixed(4),
    held.test.toFixed(4),
    held.both.toFixed(4),
  ];
}

const HEAD = [
  ...["season", "setting", "units", "least changed", "mean changed"],
  ...["no gradient", "no change", "repeated", "of steps", "validation", "test", "both"],
];

/** Markdown, so that it can go into a document as it is. */
export function tableOf(seasons: readonly SeasonFigures[]): string[] {
  const rows = [HEAD, HEAD.map(() => "---"), ...seasons.map(row)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => (cells[column] as string).length)));
  return rows.map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(" | ")} |`);
}

export function verdictLine(name: string, seasons: readonly SeasonFigures[], verdict: Verdict): string {
  const { good, changed, sampled, walked, saved, sharedRows } = verdict;
  const units = seasons.reduce((sum, season) => sum + season.units, 0);
  const looked = sampled.steps + walked.steps;
  return [
    `${name}: ${good ? "good" : "RUNS DRY"} over ${units} units in ${seasons.length} seasons`,
    `each changed ${percent(changed)} of the parameters or more`,
    `${looked} steps looked at, at most ${percent(saved, 2)} without gradient`,
    `${walked.repeated} of ${walked.steps} began at parameters met before`,
    `${percent(sharedRows, 3)} of rows twice in their step`,
  ].join("; ");
}
