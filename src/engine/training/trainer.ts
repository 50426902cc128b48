// Runs one own unit and turns its result into a contribution, draws and, when one wins, a block (protocol sections 2 to 4).
import { bytesEqual, Lru, messageOf, toHex } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import { type Block, Contribution } from "../../codec/index.ts";
import { draftBlock, sealBlock } from "../../consensus/index.ts";
import { type KeyPair } from "../../crypto/index.ts";
import type { Clock, Log, Runtime, UnitResult } from "../../ports/index.ts";
import { findWin, noncesPerUnit, type Task, unitSeed, type Win } from "../../work/index.ts";
import type { EvidenceWatch } from "../chain/evidence.ts";
import type { Ledger } from "../chain/ledger.ts";
import type { Mempool } from "../chain/mempool.ts";
import type { Outbox } from "../exchange/outbox.ts";
import type { Deltas } from "./deltas.ts";
import type { Parameters } from "./parameters.ts";
import type { Rounds, RoundView } from "./rounds.ts";

/** One own unit: what was asked for and what came of it. */
export interface FinishedUnit {
  readonly view: RoundView;
  readonly mlNode: number;
  readonly index: number;
  readonly result: UnitResult;
  readonly draws: number;
  readonly won: boolean;
}

export interface TrainerDeps {
  readonly runtime: Runtime;
  readonly task: Task;
  readonly key: KeyPair;
  readonly ledger: Ledger;
  readonly rounds: Rounds;
  readonly mempool: Mempool;
  readonly evidence: EvidenceWatch;
  readonly parameters: Parameters;
  readonly deltas: Deltas;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: Outbox;
}

/** Units whose times the median is taken over. */
const MEDIAN_OF = 15;

/** Records of a round's start and the chain it stands on, as they were when the unit began. */
interface Begun {
  readonly view: RoundView;
  readonly state: State;
}

export class Trainer {
  readonly #deps: TrainerDeps;
  readonly #signal: AbortSignal;
  /** Wins that a block was signed for: a second block for one would be equivocation. */
  readonly #signed = new Lru<string, true>(64);
  readonly #times: number[] = [];

  constructor(deps: TrainerDeps, options: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = options.signal;
  }

  /** Median time of the last units, ms; a second before the first. */
  medianUnitMs(): number {
    const sorted = [...this.#times].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 1000;
  }

  /** Runs unit `index` of ML node `mlNode` from the present common state; undefined when its parameters are not here. */
  async run(mlNode: number, index: number): Promise<FinishedUnit | undefined> {
    const { ledger, rounds, task, key, runtime, parameters, deltas } = this.#deps;
    const { view } = rounds;
    const { state } = ledger;
    const start = await parameters.get(view.startDigest);
    // The head and the round move together, but not in the same instant: a unit must belong to one of them.
    if (start === undefined || !bytesEqual(view.head, state.tipId) || state.isBanned(key.address)) return undefined;
    const unit = { beacon: state.beacon, task: task.id, round: view.round, author: key.address, mlNode, index };
    const { model, steps } = task;
    const request = { model, start, seed: unitSeed(unit), steps, priority: "train", delta: "exact" } as const;
    const result = await runtime.run(request, { signal: this.#signal });
    this.#times.push(result.totalMs);
    if (this.#times.length > MEDIAN_OF) this.#times.shift();
    const delta = result.delta as Uint8Array;
    const deltaHash = result.deltaHash as Uint8Array;
    const deltaBytes = delta.length;
    parameters.learn(view.startDigest, { deltaHash, deltaBytes }, result.digest, result.end);
    deltas.put(deltaHash, delta);
    const contribution = Contribution.sign(
      {
        task: task.id,
        round: view.round,
        height: state.height,
        author: key.address,
        mlNode,
        index,
        startDigest: view.startDigest,
        digest: result.digest,
        codec: 0,
        deltaHash,
        deltaBytes,
      },
      key,
      ledger.rules.genesis,
    );
    const nonces = noncesPerUnit(task, ledger.rules);
    const fresh = bytesEqual(ledger.head.id, view.head);
    const win = fresh
      ? findWin({ ...unit, startDigest: view.startDigest, digest: result.digest }, nonces, state.target)
      : undefined;
    // The block first: the record that this contribution closes stands on it.
    const won = win !== undefined && (await this.#win(contribution, win, { view, state }));
    if (won || (await rounds.addContribution(contribution, undefined, true)).kind === "accept") {
      this.#deps.outbox.contribution(contribution);
    }
    return { view, mlNode, index, result, draws: fresh ? nonces : 0, won };
  }

  async #win(contribution: Contribution, win: Win, begun: Begun): Promise<boolean> {
    const { ledger, mempool, evidence, key, clock, log } = this.#deps;
    const name = toHex(win.draw);
    if (this.#signed.has(name)) return false;
    const { state, view } = begun;
    const time = Math.max(clock.now(), state.time + 1);
    const parts = { contribution, nonce: win.nonce, time, records: view.records };
    const extras = { transfers: mempool.select(), ...evidence.pending(state) };
    let draft = draftBlock(state, { ...parts, ...extras }, ledger.rules);
    if (draft.kind !== "draft") {
      log.warn({ code: draft.code, reason: draft.reason }, "drafting without transfers and evidence");
      draft = draftBlock(state, parts, ledger.rules);
    }
    if (draft.kind !== "draft") {
      log.error({ code: draft.code, reason: draft.reason }, "a win could not be made into a block");
      return false;
    }
    this.#signed.set(name, true);
    const block = sealBlock(draft, key, ledger.rules);
    this.#deps.rounds.keepWinning(contribution);
    return this.#publish(block);
  }

  async #publish(block: Block): Promise<boolean> {
    const { ledger, log } = this.#deps;
    try {
      const { verdict } = await ledger.importBlock(block, { from: undefined, own: true }, { signal: this.#signal });
      if (verdict.kind !== "accept") {
        log.error(
          { height: block.header.height, code: verdict.code, reason: verdict.reason },
          "an own block was refused",
        );
        return false;
      }
      this.#deps.outbox.block(block);
      return true;
    } catch (error) {
      if (!this.#signal.aborted) log.error({ reason: messageOf(error) }, "an own block could not be kept");
      return false;
    }
  }
}
