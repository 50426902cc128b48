// Turns a winning unit into a block: drafted, signed once, kept, and published (protocol section 4).
import { bytesEqual, Lru, messageOf, toHex } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import { Block, type Decoded, MAX_TRANSACTIONS, type RoundRecord } from "../../codec/index.ts";
import { type Draft, type DraftParts, draftBlockSteps, sealBlock } from "../../consensus/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import {
  type AuditWords,
  type EvidenceWatch,
  type Ledger,
  type Mempool,
  type OwnKey,
  winSlot,
} from "../chain/index.ts";
import type { Outbox } from "../exchange/index.ts";
import { OWN } from "../origin.ts";
import { inTurns } from "../turns.ts";
import type { ClosedRound, Win } from "./closing.ts";
import type { RoundBoard } from "./round-view.ts";

export interface BlockMakerDeps {
  readonly key: KeyPair;
  readonly ownKey: Pick<OwnKey, "claim">;
  readonly ledger: Ledger;
  readonly mempool: Mempool;
  readonly words: AuditWords;
  readonly evidence: EvidenceWatch;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  /** A block carries the records of all followed tasks that stand on its parent. */
  readonly board: RoundBoard;
}

/** A win with the nonce that it won by, and the round that it closes. */
export interface WonUnit extends Win, ClosedRound {
  readonly nonce: bigint;
  readonly draw: Uint8Array;
  /** Of the block: the unit wins at the target of this time. */
  readonly time: number;
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
    return Math.max(this.#deps.clock.wallTime(), state.time + 1);
  }

  /** Whether the block stands on this node. */
  async make(won: WonUnit): Promise<boolean> {
    const { ledger, key, ownKey } = this.#deps;
    const name = toHex(won.draw);
    if (this.#signed.has(name)) return false;
    // Before the draft, which takes its turns: two blocks of one win would be equivocation.
    this.#signed.set(name, true);
    const draft = await this.#draft(won);
    if (draft === undefined) {
      this.#signed.delete(name);
      return false;
    }
    const block = Block.wrap(sealBlock(draft, key, ledger.rules));
    const { height } = block.value.header;
    // On disk before anybody hears of it, so that this node signs no other after it was killed, with whatever store.
    if (!(await ownKey.claim({ slot: winSlot(block.value.header), height, id: block.id }))) return false;
    return this.#publish(block);
  }

  async #draft(won: WonUnit): Promise<Draft | undefined> {
    const { ledger, mempool, words, evidence, log } = this.#deps;
    const { contribution, nonce, closing, time, state } = won;
    const parts: DraftParts = { contribution, nonce, closing, time, records: this.#records(won) };
    const attempts: readonly DraftParts[] = [
      {
        ...parts,
        transactions: await inTurns(mempool.select(MAX_TRANSACTIONS, state)),
        ...words.select(state),
        evidence: await inTurns(evidence.pending({ state, task: contribution.task })),
      },
      parts,
      // The others' tasks may have recorded since what the closing record counts on.
      { ...parts, records: won.records },
    ];
    for (const attempt of attempts) {
      const draft = await inTurns(draftBlockSteps(state, attempt, ledger.rules));
      if (draft.kind === "draft") return draft;
      log.warn({ code: draft.code, reason: draft.reason }, "a win could not be made into a block of this content");
    }
    log.error({ height: state.height + 1 }, "a win could not be made into a block");
    return undefined;
  }

  /** The won task's records as far as the win carries them, and those of the others as they are now on the same head. */
  #records({ view, records }: WonUnit): RoundRecord[] {
    return this.#deps.board.views().flatMap((current) => {
      if (bytesEqual(current.task, view.task)) return records;
      return bytesEqual(current.head, view.head) ? current.records : [];
    });
  }

  async #publish(block: Decoded<Block>): Promise<boolean> {
    const { ledger, log, outbox } = this.#deps;
    const { height } = block.value.header;
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
