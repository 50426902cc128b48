// `pouw-node doctor`: every capability, why one is absent and what to do; exit 3 when a role or provider that was asked for cannot run.
import { Command } from "commander";
import { findNode } from "../../api/index.ts";
import type { DoctorReport } from "../../node/index.ts";
import type { Context } from "../context.ts";
import { EXIT, Interrupted } from "../exit-codes.ts";
import { catchInterrupts } from "../interrupt.ts";
import { say, type View } from "../io.ts";
import { print } from "../print.ts";
import { addSettings, settingsOf } from "../settings-options.ts";
import { capabilityLines, clockReport, providerLines } from "../views/status.ts";
import { plural, wrap } from "../views/text.ts";

/** How the node that runs here compares its clock; undefined where none does, or none answers. */
async function clockOffset(dataDir: string): Promise<number | undefined> {
  try {
    return (await findNode(dataDir).status()).clockOffsetMs;
  } catch {
    return undefined;
  }
}

/** The provider that was asked for, where it cannot train here. */
const refusedOf = (report: DoctorReport, asked: string): string | undefined =>
  report.providers.find(({ provider, state }) => provider === asked && state === "refused")?.provider;

function doctorLines(report: DoctorReport, refused: string | undefined, view: View): string[] {
  const { colors: c, columns } = view;
  const memory = `${(report.memoryBytes / 2 ** 30).toFixed(1)} GB`;
  const { ok, sentence } = report.selfTest;
  const verdict = [
    `self-test: ${ok ? c.green("passed") : c.red("failed")}, ${sentence}`,
    ...report.impossible.map(({ role, reason }) => c.red(`role ${role} cannot run here: it ${reason}`)),
    ...(refused === undefined ? [] : [c.red(`provider ${refused} was asked for and cannot train here`)]),
    ...(report.impossible.length === 0 ? [c.green("A node can run here.")] : []),
  ];
  const machine = `pouw-node ${report.version}, Node ${report.node}, ${report.platform}, ${plural(report.cores, "core")}, ${memory}`;
  return [
    ...wrap(machine, columns),
    "",
    ...capabilityLines(report.capabilities, view),
    ...(report.providers.length === 0 ? [] : ["", ...providerLines(report.providers, view)]),
    "",
    ...verdict.flatMap((line) => wrap(line, columns)),
  ];
}

export function doctorCommand(context: Context): Command {
  const { io, deps, action } = context;
  return addSettings(
    new Command("doctor").description("what this machine can do, why not more, what to do about it"),
    deps.settings,
  )
    .option("--json", "print JSON")
    .action(
      action(async (command) => {
        const { options } = settingsOf(command, context);
        const interrupts = catchInterrupts(io, "Stopping");
        say(io, "Looking at everything; training graphs take a few seconds ...");
        let report: DoctorReport;
        try {
          const found = await deps.diagnose(options, { signal: interrupts.signal, plugins: context.plugins });
          report = { ...found, capabilities: [...found.capabilities, clockReport(await clockOffset(options.dataDir))] };
        } catch (error) {
          throw interrupts.signal.aborted ? new Interrupted() : error;
        } finally {
          interrupts.release();
        }
        const refused = refusedOf(report, options.provider);
        print(io, command, report, (found, view) => doctorLines(found, refused, view));
        return report.impossible.length === 0 && refused === undefined ? EXIT.ok : EXIT.capabilityAbsent;
      }),
    );
}
