// Runs own units of one task and turns each result into a contribution, draws and, when one wins, a block (protocol sections 2 to 4).
import { bytesEqual, median } from "../../base/index.ts";
import { type State, targetAt } from "../../chain/index.ts";
import { Contribution } from "../../codec/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import { DELTA_CODECS } from "../../ml/index.ts";
import type { Runtime, UnitResult } from "../../ports/index.ts";
import {
  findWin,
  noncesPerUnit,
  settingOf,
  type Task,
  type UnitId,
  unitSeed,
  type Win as WinningDraw,
} from "../../work/index.ts";
import type { Ledger, OwnKey } from "../chain/index.ts";
import type { EventBus, FinishedUnit } from "../events.ts";
import type { Outbox } from "../exchange/index.ts";
import { OWN } from "../origin.ts";
import type { BlockMaker } from "./block-maker.ts";
import { closeRound, type Win } from "./closing.ts";
import type { FollowedTask } from "./followed-task.ts";
import type { RoundView } from "./round-view.ts";
import type { Rounds } from "./rounds.ts";

export interface TrainerDeps {
  readonly runtime: Runtime;
  readonly key: KeyPair;
  readonly ownKey: Pick<OwnKey, "begin" | "isElsewhere">;
  readonly ledger: Ledger;
  readonly rounds: Rounds;
  readonly followed: FollowedTask;
  readonly blockMaker: BlockMaker;
  readonly outbox: Outbox;
  readonly events: EventBus;
}

/** Units whose times the median is taken over. */
const MEDIAN_OF = 15;
/** Median before the first unit, ms. */
const FIRST_GUESS_MS = 1000;

/** A unit with the round and the chain that it began on. */
interface Begun {
  readonly view: RoundView;
  readonly state: State;
  readonly unit: UnitId;
}

export interface TrainerOptions {
  readonly task: Task;
  /** Index of the first unit of every place. */
  readonly firstIndex: number;
}

export class Trainer {
  readonly #task: Task;
  readonly #firstIndex: number;
  readonly #deps: TrainerDeps;
  readonly #signal: AbortSignal;
  readonly #times: number[] = [];

  constructor({ task, firstIndex }: TrainerOptions, deps: TrainerDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#task = task;
    this.#firstIndex = firstIndex;
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Median time of the last units, ms. */
  medianUnitMs(): number {
    return median(this.#times) ?? FIRST_GUESS_MS;
  }

  /** Runs the unit of ML node `mlNode` that is `nth`, from 0, of the present common state; undefined when its parameters are not here. */
  async run(mlNode: number, nth: number): Promise<FinishedUnit | undefined> {
    const { ledger, rounds, key, ownKey, runtime, followed } = this.#deps;
    const { view } = rounds;
    const { state } = ledger;
    if (ownKey.isElsewhere) return undefined;
    ownKey.begin(ledger.heaviest.height);
    const start = await followed.parameters.get(view.startDigest);
    // The head and the round move together, but not in the same instant: a unit must belong to one of them.
    if (start === undefined || !bytesEqual(view.head, state.tipId) || state.isBanned(key.address)) return undefined;
    const task = this.#task;
    const on = { beacon: state.beacon, block: state.tipId };
    const index = this.#firstIndex + nth;
    const unit = { ...on, task: task.id, round: view.round, author: key.address, mlNode, index };
    const setting = settingOf(task, view.season);
    const request = { task, start, setting, seed: unitSeed(unit), priority: "train" } as const;
    const result = await runtime.run(request, { signal: this.#signal });
    this.#times.push(result.totalMs);
    if (this.#times.length > MEDIAN_OF) this.#times.shift();
    const used = await this.#use(result, { view, state, unit });
    const finished = { task, round: view.round, mlNode, index, result, ...used };
    this.#deps.events.emit("unit", finished);
    return finished;
  }

  /** A result draws if its block may still be followed by another, and makes a block or a contribution. */
  async #use(result: UnitResult, begun: Begun): Promise<Pick<FinishedUnit, "contribution" | "draws" | "won">> {
    const { ledger, rounds, blockMaker, outbox } = this.#deps;
    const { view, state, unit } = begun;
    if (bytesEqual(result.digest, view.startDigest)) return { draws: 0, won: false };
    const contribution = this.#contribution(result, begun);
    const onHead = bytesEqual(ledger.head.id, view.head);
    const draws = (await this.#mayStillWin(view)) ? noncesPerUnit(this.#task, ledger.rules) : 0;
    const finished = { ...unit, startDigest: view.startDigest, digest: result.digest };
    // The time decides which target holds, so the block is signed with the one that the unit drew at.
    const time = blockMaker.timeOn(state);
    const win = findWin(finished, draws, targetAt(state, time, ledger.rules));
    const won = win !== undefined && (await this.#win({ contribution, state, view }, win, time));
    // A block beside the head may lose the tie: then its unit is worth what every other is.
    if (won && onHead) return { contribution, draws, won };
    if ((await rounds.addContribution(contribution, OWN)).kind === "accept")
      outbox.publish("contribution", Contribution.codec.encode(contribution));
    return { contribution, draws, won };
  }

  /**
   * Whether a block on the head that the unit began on is worth making: that is head still, or was replaced by a child or a sibling
   * meanwhile. Not beside an own block: two of one author's at a height do each other no good.
   */
  async #mayStillWin(view: RoundView): Promise<boolean> {
    const { ledger } = this.#deps;
    const { head } = ledger;
    if (bytesEqual(head.id, view.head)) return true;
    if (bytesEqual(head.parent, view.head)) return !this.#isOwn(head);
    const begun = await ledger.entry(view.head);
    return begun !== undefined && begun.checked !== "invalid" && bytesEqual(begun.parent, head.parent);
  }

  #isOwn({ miner }: { readonly miner: Uint8Array }): boolean {
    return bytesEqual(miner, this.#deps.key.address);
  }

  /** Whether the win became a block that stands here. */
  async #win(won: Win, { nonce, draw }: WinningDraw, time: number): Promise<boolean> {
    const round = await closeRound(won, this.#deps, { signal: this.#signal });
    return round !== undefined && this.#deps.blockMaker.make({ ...won, ...round, nonce, draw, time });
  }

  #contribution(result: UnitResult, { view, state, unit }: Begun): Contribution {
    const { followed, key, ledger } = this.#deps;
    const { delta, deltaHash, digest, end } = result;
    const change = { deltaHash, deltaBytes: delta.length };
    followed.parameters.learn(view.startDigest, { ...change, digest, end });
    followed.deltas.put(deltaHash, delta);
    const { beacon: _, ...place } = unit;
    const codec = DELTA_CODECS[this.#task.codec].tag;
    const start = { height: state.height, startDigest: view.startDigest };
    return Contribution.sign({ ...place, ...start, digest, codec, ...change }, key, ledger.rules.genesis);
  }
}
