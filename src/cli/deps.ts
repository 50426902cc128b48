// What the commands need beyond the terminal, so that tests can bring their own. The heavy parts load when first used.
import type {
  BenchReport,
  DoctorReport,
  NodeEvents,
  NodeOptions,
  NodeStatus,
  NodeView,
  SettingsTable,
  VerifyReport,
} from "../node/index.ts";
import type { Log } from "../ports/index.ts";

/** The part of PoUWNode that `start` uses. */
export interface RunningNode {
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  getStatus(): NodeStatus;
  on<K extends keyof NodeEvents>(event: K, listener: (payload: NodeEvents[K]) => void): unknown;
  view(): NodeView;
}

export interface CliDeps {
  /** Every setting that the commands know: the rows of plugins too, where there are any. */
  readonly settings: SettingsTable;
  createNode(
    options: NodeOptions,
    /** `onProgress`: share of the data set's one-time conversion, 0 to 1. */
    parts: { readonly log: Log; readonly onProgress: (share: number) => void },
  ): Promise<RunningNode>;
  diagnose(options: NodeOptions, run: { readonly signal: AbortSignal }): Promise<DoctorReport>;
  bench(
    options: NodeOptions,
    run: { readonly seconds: number; readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
  ): Promise<BenchReport>;
  verify(
    options: NodeOptions,
    run: {
      readonly reexecute: boolean;
      readonly signal: AbortSignal;
      readonly onProgress: (height: number, of: number) => void;
    },
  ): Promise<VerifyReport>;
}
