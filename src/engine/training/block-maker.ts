// Turns a winning unit into a block: drafted, signed once, kept, and published (protocol section 4).
import { bytesEqual, Lru, messageOf, toHex } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import { Block, type Contribution, type RoundRecord } from "../../codec/index.ts";
import { type Draft, type DraftParts, draftBlock, sealBlock } from "../../consensus/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { Win } from "../../work/index.ts";
import type { EvidenceWatch, Ledger, Mempool } from "../chain/index.ts";
import type { Outbox } from "../exchange/index.ts";
import { OWN } from "../origin.ts";
import type { RoundBoard, RoundView } from "./round-view.ts";

export interface BlockMakerDeps {
  readonly key: KeyPair;
  readonly ledger: Ledger;
  readonly mempool: Mempool;
  readonly evidence: EvidenceWatch;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  /** A block carries the records of all followed tasks that stand on its parent. */
  readonly board: RoundBoard;
}

/** A unit that won, with the round and the chain that it began on. */
export interface WonUnit {
  readonly contribution: Contribution;
  readonly win: Win;
  /** Of the block: the unit wins at the target of this time. */
  readonly time: number;
  readonly view: RoundView;
  readonly state: State;
}

export class BlockMaker {
  readonly #deps: BlockMakerDeps;
  readonly #signal: AbortSignal;
  /** Wins that a block was signed for: a second block for one would be equivocation. */
  readonly #signed = new Lru<string, true>(64);

  constructor(deps: BlockMakerDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** The time that a block on `state` would be signed with now. */
  timeOn(state: State): number {
    return Math.max(this.#deps.clock.now(), state.time + 1);
  }

  /** Whether the block stands on this node; `signing` is called once it is sure to be signed, before the head can move. */
  async make(won: WonUnit, signing: () => void): Promise<boolean> {
    const { ledger, key } = this.#deps;
    const name = toHex(won.win.draw);
    if (this.#signed.has(name)) return false;
    const draft = this.#draft(won);
    if (draft === undefined) return false;
    this.#signed.set(name, true);
    signing();
    return this.#publish(sealBlock(draft, key, ledger.rules));
  }

  #draft({ contribution, win, time, view, state }: WonUnit): Draft | undefined {
    const { ledger, mempool, evidence, log } = this.#deps;
    const parts: DraftParts = { contribution, nonce: win.nonce, time, records: this.#records(view) };
    const extras = { transactions: mempool.select(), evidence: evidence.pending(state) };
    let draft = draftBlock(state, { ...parts, ...extras }, ledger.rules);
    if (draft.kind !== "draft") {
      log.warn({ code: draft.code, reason: draft.reason }, "drafting without transactions and evidence");
      draft = draftBlock(state, parts, ledger.rules);
    }
    if (draft.kind === "draft") return draft;
    log.error({ code: draft.code, reason: draft.reason }, "a win could not be made into a block");
    return undefined;
  }

  /** The won task's records as they were when the unit began, and those of the others as they are now on the same head. */
  #records(view: RoundView): RoundRecord[] {
    return this.#deps.board.views().flatMap((current) => {
      if (bytesEqual(current.task, view.task)) return view.records;
      return bytesEqual(current.head, view.head) ? current.records : [];
    });
  }

  async #publish(made: Block): Promise<boolean> {
    const { ledger, log, outbox } = this.#deps;
    const block = Block.wrap(made);
    const { height } = made.header;
    try {
      const verdict = await ledger.importBlock(block, OWN, { signal: this.#signal });
      if (verdict.kind !== "accept") {
        log.error({ height, code: verdict.code, reason: verdict.reason }, "an own block was refused");
        return false;
      }
      outbox.block(block);
      return true;
    } catch (error) {
      if (!this.#signal.aborted) log.error({ height, reason: messageOf(error) }, "an own block could not be kept");
      return false;
    }
  }
}
