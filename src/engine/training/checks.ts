// Which blocks stand: by re-execution here, or by others' attestations on a node that cannot train or does not follow the task (protocol section 5).
import { ACCEPT, bytesEqual, ignore, messageOf, toHex, type Verdict } from "../../base/index.ts";
import type { Attestation, Header } from "../../codec/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { Attestations, Decided, KeyBans, Ledger } from "../chain/index.ts";
import type { EngineEvents, EventBus } from "../events.ts";
import { within } from "../exchange/index.ts";
import type { PeerOrigin } from "../origin.ts";
import type { BlockEntry, BlockStore } from "../storage/index.ts";
import type { Executor } from "./executor.ts";
import type { OwedCheck, OwedChecks, Rank } from "./owed-checks.ts";
import type { Sampling } from "./sampling.ts";
import type { Sources } from "./sources.ts";

/** A block is held back from relaying for its check at most this long, ms. */
const CHECK_WAIT_MS = 30_000;
/** Checks owed at which a sync pauses, and how long it waits for one to end, ms. */
const MAX_BACKLOG = 32;
const ROOM_WAIT_MS = 60_000;
/** Places of blocks this far under the head that nobody decided on are given up. */
const STALE_BLOCKS = 12;

export interface ChecksDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly blocks: BlockStore;
  readonly bans: KeyBans;
  readonly owed: OwedChecks;
  readonly sampling: Pick<Sampling, "spares">;
  readonly sources: Sources;
  readonly attestations: Attestations;
  readonly events: EventBus;
  /** Whether this node re-executes the units of a task. */
  readonly executes: (task: Uint8Array) => boolean;
  /** Undefined on a node that cannot train. */
  readonly executor: Executor | undefined;
}

/** A block on its way in: its header stands on `on`. */
export interface Arrival extends Pick<Header, "miner" | "height" | "task"> {
  readonly id: Uint8Array;
  readonly on: BlockEntry;
}

export class Checks {
  readonly #deps: ChecksDeps;
  readonly #signal: AbortSignal;

  constructor(deps: ChecksDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
    deps.events.on("pending", (pending) => void this.#owe(pending).catch((error) => this.#failed(error)));
    deps.events.on("executed", (execution) => this.#executed(execution));
    deps.events.on("head", ({ tip }) => deps.owed.expire(tip.height - STALE_BLOCKS));
  }

  /** Keeps a place for a block's check; false when there is none: the block waits at its sender. One that is not run here needs none. */
  async reserve(arrival: Arrival, origin: PeerOrigin): Promise<boolean> {
    if (this.#isSpared(arrival)) return true;
    return this.#deps.owed.reserve(await this.#checkOfArrival(arrival, origin));
  }

  /** The same for a block that was asked for: it waits until others are done. */
  async reserveInTime(arrival: Arrival, origin: PeerOrigin): Promise<boolean> {
    const { clock, owed } = this.#deps;
    if (this.#isSpared(arrival)) return true;
    const check = await this.#checkOfArrival(arrival, origin);
    // What others decide on does not end by waiting here.
    if (!this.#deps.executes(arrival.task)) return owed.size < MAX_BACKLOG && owed.reserve(check);
    return within(clock, ROOM_WAIT_MS, this.#signal, async (signal) => {
      while (!signal.aborted) {
        if (owed.size < MAX_BACKLOG && owed.reserve(check)) return true;
        await owed.changed(signal);
      }
      return false;
    });
  }

  /** Others decided on it already, or its segment's sample will. */
  #isSpared({ id, task }: Arrival): boolean {
    const { executes, attestations, ledger, sampling } = this.#deps;
    return executes(task) ? sampling.spares(id) : attestations.decided(id, ledger.state) === "valid";
  }

  /** A block and all that belongs to it is here: false when there is no room for its check any more. */
  arrived(id: Uint8Array): boolean {
    return this.#deps.owed.arrived(id);
  }

  /** Gives the place of a block up that a connection did not bring in. */
  async settle(id: Uint8Array, { from }: PeerOrigin): Promise<void> {
    const { ledger, owed } = this.#deps;
    if ((await ledger.entry(id))?.checked !== "pending") owed.giveUp(id, from);
  }

  #checkOfArrival(arrival: Arrival, { from }: PeerOrigin): Promise<OwedCheck> {
    return this.#checkOf(arrival, this.#deps.ledger.uncheckedUnder(arrival.on).ground, from);
  }

  /** Collateral counts where this node has checked everything, on `ground`: a forged block makes its author's. */
  async #checkOf(
    { id, miner, height }: Pick<Arrival, "id" | "miner" | "height">,
    ground: Uint8Array,
    from: string | undefined,
  ): Promise<OwedCheck> {
    const { ledger, bans } = this.#deps;
    const state = await ledger.stateOf(ground);
    const backed: Rank = state.collateralOf(miner) >= ledger.rules.minCollateral ? "backed" : "unbacked";
    return { id, height, author: toHex(miner), from, rank: bans.has(miner) ? "banned" : backed };
  }

  /** A block is here: somebody must check its unit, and whatever under it is not checked. */
  async #owe({ id }: EngineEvents["pending"]): Promise<void> {
    const { ledger, executor, executes, owed, sampling, sources } = this.#deps;
    const tip = ledger.recent(id);
    if (tip === undefined) return;
    const { open, ground } = ledger.uncheckedUnder(tip);
    for (const entry of [...open].reverse()) {
      // There may be hundreds, of which each that comes meets all that came before.
      if (sampling.spares(entry.id) || owed.isReady(entry.id)) continue;
      if (executes(entry.task)) executor?.add(await this.#checkOf(entry, ground, sources.of(entry.id)));
      else if (entry === tip) await this.#followAttestations(entry.id);
    }
  }

  #executed({ block, id, verdict, digest }: EngineEvents["executed"]): void {
    const { events } = this.#deps;
    const { miner, height } = block.header;
    const outcome = verdict.kind === "accept" ? "valid" : "invalid";
    if (verdict.kind !== "accept") {
      void this.#forged(id, verdict.reason).catch((error) => this.#failed(error));
      const detail = `height ${height}: ${verdict.reason}`;
      events.emit("alert", { kind: "forged-unit", subject: toHex(miner), detail });
    }
    events.emit("checked", { block, id: toHex(id), outcome, by: "executed", digest });
  }

  /** A forged block takes the checks that are owed for its author's others with it, and for what stands on them. */
  async #forged(id: Uint8Array, reason: string): Promise<void> {
    const { ledger, owed, sources } = this.#deps;
    const forged = await ledger.entry(id);
    if (forged === undefined) return;
    owed.drop((check) => {
      const entry = ledger.recent(check.id);
      const open = entry === undefined ? [] : ledger.uncheckedUnder(entry).open;
      return open.some(({ miner }) => bytesEqual(miner, forged.miner));
    });
    await sources.blame(forged, reason);
  }

  /** Resolves once a block may be passed on: accept when its check ended well. */
  async awaitCheck(id: Uint8Array): Promise<Verdict> {
    const name = toHex(id);
    const { clock, events, ledger } = this.#deps;
    const next = within(clock, CHECK_WAIT_MS, this.#signal, (signal) =>
      events.next("checked", (checked) => checked.id === name, { signal }),
    ).catch(() => undefined);
    const known = (await ledger.entry(id))?.checked;
    if (known !== undefined && known !== "pending" && known !== "invalid") return ACCEPT;
    const outcome = (await next)?.outcome;
    // The sender is judged by itself: it may have been in the right to pass it on.
    return outcome === "valid" ? ACCEPT : ignore("not-checked");
  }

  /** The lowest block of the heaviest branch that waits for others' words; undefined when there is none. */
  get unvouched(): BlockEntry | undefined {
    const { ledger, executes } = this.#deps;
    const { open } = ledger.uncheckedUnder(ledger.heaviest);
    return open.findLast(({ task }) => !executes(task));
  }

  /** Somebody's word arrived; it counts for blocks that are not re-executed here. */
  async hear(attestation: Attestation): Promise<void> {
    this.#deps.events.emit("attestation", { attestation });
    await this.#followAttestations(attestation.block);
  }

  /** Decides on a block as others say. What the disk does not take now is decided by the next word. */
  async #followAttestations(id: Uint8Array): Promise<void> {
    const { attestations, ledger } = this.#deps;
    const entry = ledger.recent(id);
    if (entry?.checked !== "pending") return;
    try {
      const { open, ground } = ledger.uncheckedUnder(entry);
      const decided = attestations.decided(id, await ledger.stateOf(ground));
      // Nobody attests a block before all that is under it.
      const vouched = decided === "valid" ? [...open].reverse() : decided === undefined ? [] : [entry];
      for (const one of vouched) await this.#decide(one, decided as Decided);
    } catch (error) {
      this.#failed(error);
    }
  }

  async #decide({ id, task }: BlockEntry, outcome: Decided): Promise<void> {
    const { ledger, blocks, events, owed } = this.#deps;
    if (ledger.recent(id)?.checked !== "pending" || this.#deps.executes(task)) return;
    const block = await blocks.block(id);
    await ledger.setChecked(id, outcome === "valid" ? "attestations" : "invalid");
    owed.release(id);
    if (outcome === "invalid") await this.#forged(id, "enough others found its unit forged");
    if (block === undefined) return;
    const told = { block: block.value, id: toHex(id), outcome, digest: undefined };
    events.emit("checked", { ...told, by: "attestations" });
  }

  #failed(error: unknown): void {
    if (!this.#signal.aborted) this.#deps.log.warn({ reason: messageOf(error) }, "a block's check was not followed");
  }
}
