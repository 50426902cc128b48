// Which blocks stand: by re-execution here, or by the verdicts of verifiers on a node that cannot train (protocol section 5).
import { ACCEPT, type Emitter, type Hash32, ignore, Lru, toHex, type Verdict } from "../../base/index.ts";
import type { Rules } from "../../chain/index.ts";
import { Attestation, type Block, Header, OUTCOMES, type Outcome } from "../../codec/index.ts";
import { type KeyPair } from "../../crypto/index.ts";
import type { Clock, Wire } from "../../ports/index.ts";
import type { Attestations } from "../chain/attestations.ts";
import type { Ledger } from "../chain/ledger.ts";
import type { EngineEvents } from "../events.ts";
import type { Outbox } from "../exchange/outbox.ts";
import { within } from "../exchange/within.ts";
import type { Source } from "../intake/inbox.ts";
import type { BlockEntry, BlockStore } from "../storage/block-store.ts";
import type { Execution, Executor } from "./executor.ts";

/** Strikes for a forged unit: a ban at once. */
const FORGED_STRIKES = 3;
/** A verifier holds a block back from relaying at most this long, ms. */
const CHECK_WAIT_MS = 30_000;

export interface ChecksDeps {
  readonly rules: Rules;
  readonly key: KeyPair;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly blocks: BlockStore;
  readonly verdicts: Attestations;
  readonly outbox: Outbox;
  readonly events: Emitter<EngineEvents>;
  /** Undefined on a node that cannot train. */
  readonly executor: () => Executor | undefined;
}

export class Checks {
  readonly #deps: ChecksDeps;
  readonly #signal: AbortSignal;
  readonly #sources = new Lru<string, Source>(512);

  constructor(deps: ChecksDeps, options: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = options.signal;
  }

  /** Who brought a block first, to blame if its unit is forged. */
  remember(id: Uint8Array, source: Source): void {
    if (!this.#sources.has(toHex(id))) this.#sources.set(toHex(id), source);
  }

  /** Signs and gossips this node's word on a block that it re-executed. */
  attest(block: Block, outcome: Outcome, digest: Uint8Array | undefined): void {
    const { key, rules } = this.#deps;
    const unsigned = {
      block: Header.id(block.header),
      height: block.header.height,
      outcome: OUTCOMES.indexOf(outcome),
      digest: digest ?? new Uint8Array(32),
      verifier: key.address,
    };
    const verdict = Attestation.sign(unsigned, key, rules.genesis);
    this.#deps.verdicts.add(verdict);
    this.#deps.events.emit("verdict", { verdict });
    this.#deps.outbox.verdict(verdict);
  }

  /** A block whose unit somebody must re-execute: this node, or the verifiers it trusts. */
  queueCheck(node: BlockEntry): void {
    const executor = this.#deps.executor();
    if (executor !== undefined) executor.add(node);
    else void this.#follow(node.id);
  }

  executed({ block, node, verdict, digest }: Execution): void {
    const outcome = verdict.kind === "accept" ? "valid" : "invalid";
    if (verdict.kind !== "accept") {
      this.#blame(node.id, verdict.reason);
      const detail = `height ${node.height}: ${verdict.reason}`;
      this.#deps.events.emit("alert", { kind: "forged-unit", subject: toHex(block.header.miner), detail });
    }
    this.#deps.events.emit("checked", { block, id: toHex(node.id), outcome, by: "executed", digest });
  }

  /** Whoever first brought a forged block out pays for it; relayers before the re-execution do not. */
  #blame(id: Uint8Array, reason: string): void {
    const source = this.#sources.get(toHex(id));
    if (source === undefined) return;
    for (let i = 0; i < FORGED_STRIKES; i++) this.#deps.wire.punish(source.author, reason);
  }

  /** Resolves with the outcome of the block's re-execution, for a verifier that relays only what it checked. */
  async awaitCheck(id: Uint8Array): Promise<Verdict> {
    const name = toHex(id);
    const { clock, events } = this.#deps;
    const next = within(clock, CHECK_WAIT_MS, this.#signal, (signal) =>
      events.next("checked", (checked) => checked.id === name, { signal }),
    ).catch(() => undefined);
    const known = (await this.#deps.ledger.node(id))?.checked;
    if (known === "executed") return ACCEPT;
    const outcome = (await next)?.outcome;
    // The relayer could not know either: its author is blamed, not whoever passed it on.
    return outcome === "valid" ? ACCEPT : ignore("not-checked", "the block's unit was not confirmed in time");
  }

  heardVerdict(verdict: Attestation): void {
    this.#deps.events.emit("verdict", { verdict });
    if (this.#deps.executor() === undefined) void this.#follow(verdict.block as Hash32);
  }

  /** On a node that cannot train: marks a block as two thirds of the trusted verifiers say. */
  async #follow(id: Hash32): Promise<void> {
    const decided = this.#deps.verdicts.decided(id);
    const node = await this.#deps.ledger.node(id);
    if (node === undefined || node.checked !== "pending" || (decided !== "valid" && decided !== "invalid")) return;
    const block = await this.#deps.blocks.block(id);
    await this.#deps.ledger.setChecked(id, decided === "valid" ? "verdicts" : "invalid");
    if (decided === "invalid") this.#blame(id, "two thirds of the trusted verifiers found its unit forged");
    if (block !== undefined)
      this.#deps.events.emit("checked", { block, id: toHex(id), outcome: decided, by: "verdicts", digest: undefined });
  }
}
