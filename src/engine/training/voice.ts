// This node's word on blocks that it re-executed or made: signed once, and not before everything under the block is checked (protocol section 5).
import { bytesEqual, Lru, toHex } from "../../base/index.ts";
import { Attestation, type Block, Header, OUTCOMES, type Outcome } from "../../codec/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import type { Clock } from "../../ports/index.ts";
import type { Attestations, Ledger } from "../chain/index.ts";
import type { EventBus } from "../events.ts";
import type { Outbox } from "../exchange/index.ts";

/** Words that wait for a check below. */
const MAX_WAITING = 64;
/** Of a block older than this many block times a miner says nothing: it is catching up, and others have spoken. */
const OLD_BLOCKS = 64;

export interface VoiceDeps {
  readonly key: KeyPair;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly attestations: Attestations;
  readonly outbox: Outbox;
  readonly events: EventBus;
}

interface Word {
  readonly block: Block;
  readonly outcome: Outcome;
  readonly digest: Uint8Array | undefined;
}

export class Voice {
  readonly #deps: VoiceDeps;
  #waiting = new Lru<string, Word>(MAX_WAITING);

  /**
   * A key with collateral attests what it re-executed and what it made, whatever its roles: without the miners two thirds of all stake
   * never speak. It costs a signature and a small message a block, and attesting keys cost `minCollateral` each.
   */
  constructor(deps: VoiceDeps) {
    this.#deps = deps;
    const { events } = deps;
    events.on("checked", ({ block, outcome, by, digest }) => {
      if (by === "executed" && this.#hasSay(block)) this.attest({ block, outcome, digest });
      this.#catchUp();
    });
    events.on("head", ({ added }) => {
      for (const block of added)
        if (this.#isOwn(block) && this.#hasSay(block))
          this.attest({ block, outcome: "valid", digest: block.header.digest });
    });
  }

  /** Signs and gossips a word, `digest` being what the unit ends in. `valid` speaks for everything under the block as well, and waits for it. */
  attest(word: Word): void {
    const id = Header.id(word.block.header);
    const entry = this.#deps.ledger.recent(id);
    const open = entry === undefined ? [] : this.#deps.ledger.uncheckedUnder(entry).open;
    if (word.outcome === "valid" && open.length > 0) this.#waiting.set(toHex(id), word);
    else this.#say(id, word);
  }

  #catchUp(): void {
    const waited = this.#waiting;
    this.#waiting = new Lru(MAX_WAITING);
    for (const word of waited.values()) this.attest(word);
  }

  #say(id: Uint8Array, { block, outcome, digest }: Word): void {
    const { key, ledger, attestations, events, outbox } = this.#deps;
    if (attestations.has(id, key.address)) return;
    const unsigned = {
      block: id,
      height: block.header.height,
      outcome: OUTCOMES.indexOf(outcome),
      digest: digest ?? new Uint8Array(32),
      verifier: key.address,
    };
    const attestation = Attestation.sign(unsigned, key, ledger.rules.genesis);
    attestations.add(attestation);
    events.emit("attestation", { attestation });
    outbox.publish("attestation", Attestation.codec.encode(attestation));
  }

  #hasSay({ header }: Block): boolean {
    const { key, ledger, clock } = this.#deps;
    const { minCollateral, blockTimeMs } = ledger.rules;
    const old = header.time < clock.wallTime() - OLD_BLOCKS * blockTimeMs;
    return !old && ledger.state.collateralOf(key.address) >= minCollateral;
  }

  #isOwn({ header }: Block): boolean {
    return bytesEqual(header.miner, this.#deps.key.address);
  }
}
