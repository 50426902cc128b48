// What the commands need beyond the terminal, so that tests can bring their own. The heavy parts load when first used.
import type { AppNode } from "../app/index.ts";
import type { BenchReport, DoctorReport, NodeOptions, Plugins, SettingsTable, VerifyReport } from "../node/index.ts";
import type { Log } from "../ports/index.ts";

/** The part of PoUWNode that `start` uses. */
export type RunningNode = AppNode;

interface Run {
  readonly signal: AbortSignal;
  readonly plugins: Plugins;
}

export interface CliDeps {
  /** Every setting that the commands know; in a command's context with the rows of plugins. */
  readonly settings: SettingsTable;
  createNode(
    options: NodeOptions,
    parts: {
      readonly log: Log;
      readonly plugins: Plugins;
      /** Share of the data sets' one-time conversion, 0 to 1. */
      readonly onProgress: (share: number) => void;
    },
  ): Promise<RunningNode>;
  diagnose(options: NodeOptions, run: Run): Promise<DoctorReport>;
  bench(
    options: NodeOptions,
    run: Run & { readonly seconds: number; readonly onProgress: (done: number) => void },
  ): Promise<BenchReport>;
  verify(
    options: NodeOptions,
    run: Run & { readonly reexecute: boolean; readonly onProgress: (height: number, of: number) => void },
  ): Promise<VerifyReport>;
}
