// One task at work on this node: its rounds, its leader's part where this node may lead, its units where it trains.
import { median } from "../../base/index.ts";
import type { Rules, State } from "../../chain/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import type { Clock, Log, Runtime, Store, Wire } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import type { Ledger, OwnKey } from "../chain/index.ts";
import type { EventBus } from "../events.ts";
import type { OpenRecords, Outbox } from "../exchange/index.ts";
import type { BlockMaker } from "./block-maker.ts";
import type { FollowedTask } from "./followed-task.ts";
import { Leader } from "./leader.ts";
import type { Parameters } from "./parameters.ts";
import type { RoundBoard } from "./round-view.ts";
import { Rounds } from "./rounds.ts";
import { Trainer } from "./trainer.ts";

export interface TaskEngineOptions {
  readonly rules: Rules;
  /** May win and lead. */
  readonly leads: boolean;
  /** Index of the first unit of every place; 0 when absent. */
  readonly firstIndex?: number;
}

export interface TaskEngineDeps {
  readonly followed: FollowedTask;
  /** Undefined on a node that cannot train. */
  readonly runtime: Runtime | undefined;
  readonly ledger: Ledger;
  readonly blockMaker: BlockMaker;
  readonly board: RoundBoard;
  readonly outbox: Outbox;
  readonly wire: Pick<Wire, "peers">;
  readonly events: EventBus;
  readonly store: Store;
  readonly key: KeyPair;
  readonly ownKey: OwnKey;
  readonly clock: Clock;
  readonly log: Log;
}

/** Median of a unit on a node that runs none, ms. */
const FIRST_GUESS_MS = 1000;

export class TaskEngine {
  readonly task: Task;
  readonly rounds: Rounds;
  readonly parameters: Parameters;
  /** Undefined on a node that cannot train. */
  readonly trainer: Trainer | undefined;

  constructor(
    { rules, leads, firstIndex = 0 }: TaskEngineOptions,
    deps: TaskEngineDeps,
    options: { readonly signal: AbortSignal },
  ) {
    const { followed, ledger, runtime } = deps;
    const { task, parameters } = followed;
    const state = (): State => ledger.state;
    this.task = task;
    this.parameters = parameters;
    const isChecked = (): boolean => ledger.head.checked !== "pending";
    this.rounds = new Rounds({ rules, task }, { ...deps, state, isChecked }, options);
    const { rounds } = this;
    if (runtime !== undefined) this.trainer = new Trainer({ task, firstIndex }, { ...deps, runtime, rounds }, options);
    if (leads) {
      const medianUnitMs = (): number => this.medianUnitMs;
      const roundTripMs = (): number => median(deps.wire.peers().flatMap(({ latencyMs }) => latencyMs ?? [])) ?? 0;
      new Leader({ rules, task }, { ...deps, rounds, state, medianUnitMs, roundTripMs }, options);
    }
  }

  /** Median time of the last own units, ms; a second before the first. */
  get medianUnitMs(): number {
    return this.trainer?.medianUnitMs() ?? FIRST_GUESS_MS;
  }

  /** What a node that just joined asks for. */
  openRecords(): OpenRecords {
    const { head, records } = this.rounds.view;
    return { head, records, contributions: this.rounds.contributions() };
  }
}
