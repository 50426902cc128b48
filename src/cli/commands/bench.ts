// `pouw-node bench`: units per second of this machine, and the share of a unit that is training.
import { Command } from "commander";
import { PouwError } from "../../base/index.ts";
import type { BenchReport } from "../../node/index.ts";
import { type Context, optionsOf } from "../context.ts";
import { Interrupted } from "../exit-codes.ts";
import { catchInterrupts } from "../interrupt.ts";
import type { View } from "../io.ts";
import { print } from "../print.ts";
import { addSettings, settingsOf } from "../settings-options.ts";
import { progressOn } from "../views/progress.ts";
import { fieldLines } from "../views/status.ts";
import { fixed, percent, plural } from "../views/text.ts";

function benchLines(report: BenchReport, view: View): string[] {
  const rows: [string, string][] = [
    ["model", report.model],
    ["provider", `${report.provider}, ${plural(report.workers, "worker")}`],
    [
      "speed",
      `${view.colors.bold(fixed(report.unitsPerSecond, 2))} units/s, ${fixed(report.stepsPerSecond, 0)} steps/s`,
    ],
    ["unit", `${fixed(report.unitMs, 0)} ms, of which ${fixed(report.graphMs, 0)} ms in the training graph`],
    ["training", percent(report.graphShare)],
    ["measured", `${plural(report.units, "unit")} in ${fixed(report.seconds, 1)} s`],
  ];
  return fieldLines(rows, view);
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds > 0 && seconds <= 3600) return seconds;
  throw new PouwError("BAD_CONFIG", `--seconds must be a number from 0 to 3600, not "${text}".`);
}

export function benchCommand(context: Context): Command {
  const { io, deps, action } = context;
  return addSettings(new Command("bench").description("how fast this machine trains"), deps.settings, [
    "network",
    "dataDir",
    "provider",
    "workers",
  ])
    .option("--seconds <n>", "how long to measure", "10")
    .option("--json", "print JSON")
    .action(
      action(async (command) => {
        const { seconds } = optionsOf<{ readonly seconds: string }>(command);
        const length = secondsOf(seconds);
        const { options } = settingsOf(command, context);
        const interrupts = catchInterrupts(io, "Stopping");
        const progress = progressOn(io);
        const onProgress = (done: number): void => progress.update(done, "training");
        let report: BenchReport;
        try {
          const run = { signal: interrupts.signal, plugins: context.plugins };
          report = await deps.bench(options, { ...run, seconds: length, onProgress });
        } catch (error) {
          throw interrupts.signal.aborted ? new Interrupted() : error;
        } finally {
          progress.end();
          interrupts.release();
        }
        if (interrupts.signal.aborted) throw new Interrupted();
        return print(io, command, report, benchLines);
      }),
    );
}
