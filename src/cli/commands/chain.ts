// `pouw-node chain`: blocks and transactions of a running node, and the replay of a stored chain.
import { Command } from "commander";
import { PouwError } from "../../base/index.ts";
import type { VerifyReport } from "../../node/index.ts";
import { type Context, optionsOf } from "../context.ts";
import { EXIT, type ExitCode, Interrupted } from "../exit-codes.ts";
import { catchInterrupts } from "../interrupt.ts";
import type { View } from "../io.ts";
import { addPlace, nodeOf, PLACE } from "../place.ts";
import { print } from "../print.ts";
import { addSettings, settingsOf } from "../settings-options.ts";
import { progressOn } from "../views/progress.ts";
import { blockLines, blockTable, fieldLines, transactionLines } from "../views/status.ts";
import { fixed, plural, wrap } from "../views/text.ts";

function wholeNumber(text: string, name: string, max: number): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= max) return Number(text);
  throw new PouwError("BAD_CONFIG", `${name} must be a whole number of at most ${max}, not "${text}".`);
}

function verifyLines(report: VerifyReport, view: View): string[] {
  const { colors: c } = view;
  const from = report.unitsFrom === 1 ? "" : `, from height ${report.unitsFrom}: below it only blocks are kept`;
  const rows: [string, string][] = [
    ["blocks", `${report.blocks}, up to height ${report.height}`],
    ["records", String(report.records)],
    ["units run again", `${report.unitsExecuted}${from}`],
    ["state root", report.stateRoot],
    ["supply", report.supply],
    ["time", `${fixed(report.seconds, 1)} s`],
  ];
  const { problem } = report;
  const verdict = report.ok
    ? c.green(`The chain holds: ${plural(report.blocks, "block")} checked.`)
    : c.red(`Wrong at height ${problem?.height ?? report.height}: ${problem?.reason ?? "no reason given"}.`);
  return [...fieldLines(rows, view), ...wrap(verdict, view.columns)];
}

async function showBlocks(context: Context, command: Command): Promise<undefined> {
  const given = optionsOf<{ from?: string; count: string }>(command);
  const from = given.from === undefined ? undefined : wholeNumber(given.from, "--from", 2 ** 32 - 1);
  const count = wholeNumber(given.count, "--count", 100);
  return print(context.io, command, await nodeOf(command, context).blocks(from, count), blockTable);
}

async function showBlock(context: Context, command: Command): Promise<undefined> {
  return print(context.io, command, await nodeOf(command, context).block(command.args[0] as string), blockLines);
}

async function showTransaction(context: Context, command: Command): Promise<undefined> {
  const transaction = await nodeOf(command, context).transaction(command.args[0] as string);
  return print(context.io, command, transaction, transactionLines);
}

async function verify(context: Context, command: Command): Promise<ExitCode> {
  const { io, deps, plugins } = context;
  const { reexecute } = optionsOf<{ reexecute: boolean }>(command);
  const { options } = settingsOf(command, context);
  const interrupts = catchInterrupts(io, "Stopping");
  const progress = progressOn(io);
  const onProgress = (height: number, of: number): void =>
    progress.update(of === 0 ? 1 : height / of, `block ${height} of ${of}`);
  let report: VerifyReport;
  try {
    report = await deps.verify(options, { reexecute, plugins, signal: interrupts.signal, onProgress });
  } catch (error) {
    if (interrupts.signal.aborted) throw new Interrupted();
    if (error instanceof PouwError && error.code === "STORE_LOCKED")
      throw new PouwError("STORE_LOCKED", error.message, {
        remedy: "Stop the node first, then check its chain.",
        cause: error,
      });
    throw error;
  } finally {
    progress.end();
    interrupts.release();
  }
  if (interrupts.signal.aborted) throw new Interrupted();
  print(io, command, report, verifyLines);
  return report.ok ? EXIT.ok : EXIT.failure;
}

/** The settings that `chain verify` takes: where the store is, and which units are run again on what. */
const VERIFIES = "replay the stored chain of a stopped node and check everything";
const VERIFY = [...PLACE, "tasks", "provider", "workers"];

export function chainCommand(context: Context): Command {
  const { action, deps } = context;
  const sub = (name: string, description: string): Command =>
    addPlace(new Command(name).description(description), context).option("--json", "print JSON");
  return new Command("chain")
    .description("blocks and transactions; replay and check the whole store")
    .addCommand(
      sub("show", "the newest blocks of a running node")
        .option("--from <height>", "begin here instead")
        .option("--count <n>", "how many", "20")
        .action(action((command) => showBlocks(context, command))),
    )
    .addCommand(
      sub("block", "one block of a running node")
        .argument("<height|hash>", "its height or its hash")
        .action(action((command) => showBlock(context, command))),
    )
    .addCommand(
      sub("tx", "one transaction of a running node")
        .argument("<id>", "its id, 64 hex digits")
        .action(action((command) => showTransaction(context, command))),
    )
    .addCommand(
      addSettings(new Command("verify").description(VERIFIES), deps.settings, VERIFY)
        .option("--json", "print JSON")
        .option("--no-reexecute", "leave out running the winning units again")
        .action(action((command) => verify(context, command))),
    );
}
