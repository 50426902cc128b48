// The leader's part of a round: waits for those it expects, then signs the record that closes the round, once (protocol section 3).
import { bytesEqual, messageOf, toHex } from "../../base/index.ts";
import type { Rules, State } from "../../chain/index.ts";
import { type Decoded, MAX_CONTRIBUTIONS, RoundRecord } from "../../codec/index.ts";
import { fitsRecord, leaderOf } from "../../consensus/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import type { Clock, Log, Store } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import { type OwnKey, recordSlot } from "../chain/index.ts";
import type { EventBus } from "../events.ts";
import { KEYS } from "../storage/index.ts";
import type { FollowedTask } from "./followed-task.ts";
import { unitRunner } from "./pool.ts";
import type { RoundView } from "./round-view.ts";
import type { Rounds } from "./rounds.ts";

/** A leader waits at most this many median units for those it expects: what comes later is recorded as late. */
const DEADLINE_UNITS = 1.5;
/** Nor less, where messages are slow, than a round trip and this many: who heard of the round late is not left out for that. */
const LATE_UNITS = 0.5;
/** Nor longer than this share of a block's time. */
const DEADLINE_BLOCKS = 0.25;

export interface LeaderDeps {
  readonly rounds: Pick<Rounds, "view" | "contributions" | "addRecord" | "runners">;
  readonly followed: Pick<FollowedTask, "parameters" | "deltas" | "bringStarts">;
  readonly store: Store;
  readonly state: () => State;
  readonly key: KeyPair;
  readonly ownKey: Pick<OwnKey, "claim" | "listen" | "mayLead">;
  readonly events: EventBus;
  /** Median time of a unit of the task here, ms. */
  readonly medianUnitMs: () => number;
  /** Median time of a message to a peer and back, ms; 0 where there is no peer. */
  readonly roundTripMs: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LeaderOptions {
  readonly rules: Rules;
  readonly task: Task;
}

export class Leader {
  readonly #options: LeaderOptions;
  readonly #deps: LeaderDeps;
  readonly #signal: AbortSignal;
  #timer: (() => void) | undefined;
  /** The view that is being closed: one record is signed for it, whatever arrives meanwhile. */
  #closing: RoundView | undefined;

  constructor(options: LeaderOptions, deps: LeaderDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#options = options;
    this.#deps = deps;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#rest(), { once: true });
    const mine = toHex(options.task.id);
    deps.events.on("round", ({ task }) => {
      if (task !== mine) return;
      this.#rest();
      this.consider();
    });
    deps.events.on("contribution", ({ contribution }) => {
      if (bytesEqual(contribution.task, options.task.id)) this.consider();
    });
  }

  /** Stops waiting. */
  #rest(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  /** If this node leads: closes the round when all expected runners have sent or the deadline is past, else waits for it. */
  consider(): void {
    const { rounds, clock, log } = this.#deps;
    const { view } = rounds;
    if (this.#closing === view || !this.#leads() || this.#signal.aborted) return;
    const waiting = rounds.contributions();
    if (waiting.length === 0) return;
    const left = view.since + this.#patience() - clock.now();
    const full = waiting.length >= MAX_CONTRIBUTIONS;
    if (full || left <= 0 || rounds.runners.areAll(new Set(waiting.map(unitRunner)))) {
      this.#rest();
      void this.#close(view).catch((error) => log.warn({ reason: messageOf(error) }, "closing a round failed"));
      return;
    }
    this.#timer ??= clock.after(left, () => {
      this.#timer = undefined;
      this.consider();
    });
  }

  /** How long a round is kept open for those who are expected, ms. */
  #patience(): number {
    const unitMs = this.#deps.medianUnitMs();
    const wanted = Math.max(DEADLINE_UNITS * unitMs, this.#deps.roundTripMs() + LATE_UNITS * unitMs);
    return Math.min(wanted, DEADLINE_BLOCKS * this.#options.rules.blockTimeMs);
  }

  #leads(): boolean {
    const { state, key, ownKey } = this.#deps;
    const leader = leaderOf(state());
    return leader !== undefined && bytesEqual(leader, key.address) && ownKey.mayLead(state().tipId);
  }

  /** Signs the record of a round, once: it is on disk before anyone sees it, so a restart cannot make this node equivocate. */
  async #close(view: RoundView): Promise<void> {
    const { rounds, log } = this.#deps;
    this.#closing = view;
    const record = (await this.#signedBefore(view)) ?? (await this.#draft(view));
    // On a head that has no room left, or where the key signed another already, no more is tried.
    if (record === "full") return;
    if (record === undefined && this.#closing === view) this.#closing = undefined;
    if (record === undefined || view !== rounds.view) return;
    const { kind, ...why } = await rounds.addRecord(record, { kind: "own" });
    if (kind === "reject") log.error(why, "an own record was refused");
  }

  /** What this node signed for the round before it was restarted, if anything. */
  async #signedBefore({ head, round }: RoundView): Promise<Decoded<RoundRecord> | undefined> {
    const bytes = await this.#deps.store.get(KEYS.signed(head, this.#options.task.id, round));
    return bytes === undefined ? undefined : RoundRecord.read(bytes);
  }

  async #draft(view: RoundView): Promise<Decoded<RoundRecord> | "full" | undefined> {
    const { rounds, followed, key, ownKey } = this.#deps;
    const { rules, task } = this.#options;
    await ownKey.listen();
    const contributions = rounds.contributions();
    // Those that asked for a record may have expired with a block since.
    if (contributions.length === 0) return undefined;
    const pulling = { hints: [], signal: this.#signal };
    await followed.bringStarts(contributions, { id: view.head, season: view.season }, pulling);
    const weighed = { round: view.round, contributions, winning: undefined };
    const made = await followed.parameters.combine(view.startDigest, weighed, pulling);
    if (made.kind !== "combined" || view !== rounds.view) return undefined;
    const unsigned = {
      task: task.id,
      round: view.round,
      height: view.height,
      block: view.head,
      parent: view.lastRecord,
      contributions,
      nextDigest: made.digest,
      leader: key.address,
    };
    const record = RoundRecord.wrap(RoundRecord.sign(unsigned, key, rules.genesis));
    if (!fitsRecord([...view.records, record.value], rules)) return "full";
    const claim = { slot: recordSlot(record.value), height: view.height, id: record.id };
    if (!(await ownKey.claim(claim))) return "full";
    const signed = { key: KEYS.signed(view.head, task.id, view.round), value: record.bytes };
    await followed.deltas.keep(contributions, { writes: [signed] });
    return record;
  }
}
