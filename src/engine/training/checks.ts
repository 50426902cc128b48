// Which blocks stand: by re-execution here, or by the attestations of verifiers on a node that cannot train or does not follow the task (protocol section 5).
import { ACCEPT, type Hash32, ignore, Lru, messageOf, toHex, type Verdict } from "../../base/index.ts";
import type { Rules } from "../../chain/index.ts";
import { Attestation, type Block, Header, OUTCOMES, type Outcome } from "../../codec/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import type { Clock, Log, Wire } from "../../ports/index.ts";
import type { Attestations, Ledger } from "../chain/index.ts";
import type { EngineEvents, EventBus } from "../events.ts";
import { type Outbox, within } from "../exchange/index.ts";
import type { PeerOrigin } from "../origin.ts";
import type { BlockStore } from "../storage/index.ts";
import type { Executor } from "./executor.ts";
import type { FollowedTasks } from "./followed-tasks.ts";

/** Strikes for a forged unit: a ban at once. */
const FORGED_STRIKES = 3;
/** A verifier holds a block back from relaying at most this long, ms. */
const CHECK_WAIT_MS = 30_000;

export interface ChecksDeps {
  readonly rules: Rules;
  readonly key: KeyPair;
  readonly wire: Pick<Wire, "punish">;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly blocks: BlockStore;
  readonly tasks: FollowedTasks;
  readonly attestations: Attestations;
  readonly outbox: Outbox;
  readonly events: EventBus;
  /** Undefined on a node that cannot train. */
  readonly executor: Executor | undefined;
}

export class Checks {
  readonly #deps: ChecksDeps;
  readonly #signal: AbortSignal;
  readonly #sources = new Lru<string, PeerOrigin>(512);

  constructor(deps: ChecksDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
    deps.events.on("pending", (owed) => this.#queueCheck(owed));
    deps.events.on("executed", (execution) => this.#executed(execution));
  }

  /** Who brought a block first, to blame if its unit is forged. */
  noteSource(id: Uint8Array, origin: PeerOrigin): void {
    if (!this.#sources.has(toHex(id))) this.#sources.set(toHex(id), origin);
  }

  /** Signs and gossips this node's word on a block that it re-executed. */
  attest(block: Block, outcome: Outcome, digest: Uint8Array | undefined): void {
    const { key, rules, attestations, events, outbox } = this.#deps;
    const unsigned = {
      block: Header.id(block.header),
      height: block.header.height,
      outcome: OUTCOMES.indexOf(outcome),
      digest: digest ?? new Uint8Array(32),
      verifier: key.address,
    };
    const attestation = Attestation.sign(unsigned, key, rules.genesis);
    attestations.add(attestation);
    events.emit("attestation", { attestation });
    outbox.publish("attestation", Attestation.codec.encode(attestation));
  }

  /** A block whose unit somebody must re-execute: this node, or the verifiers that it trusts. */
  #queueCheck(owed: EngineEvents["pending"]): void {
    if (this.#executes(owed.task)) this.#deps.executor?.add(owed);
    else void this.#followAttestations(owed.id as Hash32);
  }

  #executes(task: Uint8Array): boolean {
    return this.#deps.executor !== undefined && this.#deps.tasks.get(task) !== undefined;
  }

  #executed({ block, id, verdict, digest }: EngineEvents["executed"]): void {
    const { events } = this.#deps;
    const { miner, height } = block.header;
    const outcome = verdict.kind === "accept" ? "valid" : "invalid";
    if (verdict.kind !== "accept") {
      this.#blame(id, verdict.reason);
      const detail = `height ${height}: ${verdict.reason}`;
      events.emit("alert", { kind: "forged-unit", subject: toHex(miner), detail });
    }
    events.emit("checked", { block, id: toHex(id), outcome, by: "executed", digest });
  }

  /** Whoever first brought a forged block out pays for it; relayers before the re-execution do not. */
  #blame(id: Uint8Array, reason: string): void {
    const source = this.#sources.get(toHex(id));
    if (source === undefined) return;
    for (let i = 0; i < FORGED_STRIKES; i++) this.#deps.wire.punish(source.author, reason);
  }

  /** Resolves with the outcome of the block's re-execution, for a verifier that relays only what it checked. */
  async awaitCheck(id: Uint8Array, task: Uint8Array): Promise<Verdict> {
    if (!this.#executes(task)) return ACCEPT;
    const name = toHex(id);
    const { clock, events, ledger } = this.#deps;
    const next = within(clock, CHECK_WAIT_MS, this.#signal, (signal) =>
      events.next("checked", (checked) => checked.id === name, { signal }),
    ).catch(() => undefined);
    const known = (await ledger.entry(id))?.checked;
    if (known === "executed") return ACCEPT;
    const outcome = (await next)?.outcome;
    // The relayer could not know either: its author is blamed, not whoever passed it on.
    return outcome === "valid" ? ACCEPT : ignore("not-checked");
  }

  /** A verifier's word arrived; it counts for blocks that are not re-executed here. */
  async hear(attestation: Attestation): Promise<void> {
    this.#deps.events.emit("attestation", { attestation });
    await this.#followAttestations(attestation.block as Hash32);
  }

  /** Marks a block as two thirds of the trusted verifiers say. What the disk does not take now is decided by the next word. */
  async #followAttestations(id: Hash32): Promise<void> {
    const { attestations, log } = this.#deps;
    const decided = attestations.decided(id);
    if (decided === undefined) return;
    try {
      await this.#decide(id, decided);
    } catch (error) {
      if (!this.#signal.aborted)
        log.warn({ block: toHex(id), reason: messageOf(error) }, "attestations were not followed");
    }
  }

  async #decide(id: Hash32, decided: Outcome): Promise<void> {
    const { ledger, blocks, events } = this.#deps;
    const entry = await ledger.entry(id);
    if (entry === undefined || entry.checked !== "pending" || this.#executes(entry.task)) return;
    const block = await blocks.block(id);
    await ledger.setChecked(id, decided === "valid" ? "attestations" : "invalid");
    if (decided === "invalid") this.#blame(id, "two thirds of the trusted verifiers found its unit forged");
    if (block === undefined) return;
    const { value } = block;
    events.emit("checked", { block: value, id: toHex(id), outcome: decided, by: "attestations", digest: undefined });
  }
}
