// Audits: runs the units that this node's key is drawn to attest, gives its word on them, and answers words and units that are false (protocol section 5).
import { bytesEqual, isZero, Lru, messageOf, SerialQueue, toHex } from "../../base/index.ts";
import {
  atRisk,
  commitmentOf,
  commitWindow,
  evidenceOf,
  falseAttestation,
  forgedUnit,
  isWithin,
  type Rules,
  revealWindow,
  SEALED,
  type Seat,
  type State,
} from "../../chain/index.ts";
import {
  AuditCommit,
  AuditReveal,
  Contribution,
  type Evidence,
  EvidenceMessage,
  OUTCOMES,
  type Outcome,
} from "../../codec/index.ts";
import { NO_TRACE } from "../../consensus/index.ts";
import { type KeyPair, sha256, taggedHash } from "../../crypto/index.ts";
import type { Log } from "../../ports/index.ts";
import { checkUnit, contributionsOf, winningOf } from "../../work/index.ts";
import type { AuditWords, EvidenceWatch, KeyBans, Ledger } from "../chain/index.ts";
import type { EngineEvents, EventBus, FinishedUnit } from "../events.ts";
import type { Outbox } from "../exchange/index.ts";
import type { BlockStore } from "../storage/index.ts";
import type { UnitRuns } from "../training/index.ts";

/** Units that wait to be run at most. */
const MAX_WAITING = 128;
const MAX_LATER = 16;
const MEMORY = 1024;
/** Own units whose traces are remembered, of those that may be audited still: those of a dozen blocks, on many lanes. */
const OWN_MEMORY = 8192;

export interface AuditorOptions {
  readonly rules: Rules;
  /** Runs every audited unit, not only those that its key is drawn for. */
  readonly watches: boolean;
}

export interface AuditorDeps {
  readonly key: KeyPair;
  readonly ledger: Ledger;
  readonly blocks: Pick<BlockStore, "canonical" | "block">;
  readonly unitRuns: UnitRuns;
  readonly words: AuditWords;
  readonly evidence: EvidenceWatch;
  /** Who signed a forged unit is not heard here for a while, whatever the chain says yet. */
  readonly bans: Pick<KeyBans, "ban">;
  readonly outbox: Outbox;
  readonly events: EventBus;
  readonly log: Log;
}

/** What an honest attester says of a unit. */
interface Truth {
  readonly outcome: Outcome;
  readonly trace: Uint8Array;
}

/** A piece of evidence, and against whom. */
interface Accusation {
  readonly piece: Evidence;
  readonly offender: Uint8Array;
}

/** A seat with the height of the block that recorded what it audits. */
interface Placed {
  readonly recorded: number;
  readonly seat: Seat;
}

export class Auditor {
  readonly #options: AuditorOptions;
  readonly #deps: AuditorDeps;
  readonly #signal: AbortSignal;
  readonly #queue = new SerialQueue();
  readonly #waiting = new Set<string>();
  /** Audit -> what its unit is. */
  readonly #truths = new Lru<string, Truth>(MEMORY);
  /** The traces of own units: what an attester says of them costs nothing to compare. */
  readonly #own = new Lru<string, Truth & { readonly height: number }>(OWN_MEMORY);
  /** Evidence that no block on the present tip could carry. */
  #later: Accusation[] = [];
  #syncing = false;

  constructor(options: AuditorOptions, deps: AuditorDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#options = options;
    this.#deps = deps;
    this.#signal = signal;
    deps.events.on("sync", ({ moves }) => {
      this.#syncing = moves;
    });
    deps.events.on("head", () => this.#look());
    deps.events.on("executed", (execution) => this.#executed(execution));
    deps.events.on("unit", (unit) => this.#ran(unit));
  }

  /** Goes through the audits whose words may still be given or answered. */
  #look(): void {
    // The audits of blocks that are long past wait for nobody.
    if (this.#syncing || this.#signal.aborted) return;
    for (const accusation of this.#later.splice(0)) this.#show(accusation);
    const { state } = this.#deps.ledger;
    const { evidenceBlocks } = this.#options.rules;
    const oldest = Math.max(1, state.height - evidenceBlocks + 1);
    // A unit is recorded a few blocks after the one that it was run upon.
    this.#own.forget(({ height }) => height + 2 * evidenceBlocks <= state.height);
    for (let recorded = oldest; recorded < state.height; recorded++) {
      const seats = state.seatsOf(recorded);
      for (const seat of seats) this.#consider({ recorded, seat }, seats, state);
    }
  }

  /** An own unit: whoever audits it gives the trace that is known here already. */
  #ran({ contribution, result }: FinishedUnit): void {
    if (contribution === undefined) return;
    const { height } = contribution;
    this.#own.set(toHex(Contribution.id(contribution)), { height, outcome: "valid", trace: result.trace });
  }

  #consider({ recorded, seat }: Placed, seats: readonly Seat[], state: State): void {
    const audit = toHex(seat.audit);
    const truth = this.#truths.get(audit) ?? this.#own.get(audit);
    if (truth !== undefined) this.#answer({ recorded, seat }, truth, state);
    else if (this.#concerns({ recorded, seat }, state) || disagree(seats, seat)) this.#run({ recorded, seat });
  }

  /** Whether this node is to know what the unit is: to give its word still, to see what was said of its own, or because it watches. */
  #concerns({ recorded, seat }: Placed, { height }: State): boolean {
    const { rules, watches } = this.#options;
    if (watches) return true;
    if (bytesEqual(seat.author, this.#deps.key.address)) return seat.outcome !== SEALED;
    if (!this.#isMine(seat) || seat.outcome !== SEALED) return false;
    const window = isZero(seat.commitment) ? commitWindow(recorded, rules) : revealWindow(recorded, rules);
    return height + 1 <= window.to;
  }

  #isMine({ attester }: Seat): boolean {
    return bytesEqual(attester, this.#deps.key.address);
  }

  #run(placed: Placed): void {
    const name = toHex(placed.seat.audit);
    if (this.#waiting.has(name) || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.add(name);
    void this.#queue
      .run(() => this.#runNow(placed))
      .catch((error: unknown) => {
        const { log } = this.#deps;
        if (!this.#signal.aborted)
          log.warn({ audit: name, reason: messageOf(error) }, "an audit could not be made yet");
      })
      .finally(() => this.#waiting.delete(name));
  }

  async #runNow({ recorded, seat: { audit } }: Placed): Promise<void> {
    const { ledger, unitRuns, bans, events } = this.#deps;
    const contribution = await this.#contribution(recorded, audit);
    if (contribution === undefined || !unitRuns.canRun(contribution.task) || this.#signal.aborted) return;
    const found = await unitRuns.run(contribution, ledger.state, { signal: this.#signal });
    const outcome = checkUnit(contribution, found).kind === "accept" ? "valid" : "invalid";
    const truth = { outcome, trace: found?.trace ?? NO_TRACE } as const;
    this.#truths.set(toHex(audit), truth);
    if (outcome === "invalid") {
      events.emit("alert", {
        kind: "forged-unit",
        subject: toHex(contribution.author),
        detail: `contribution on height ${contribution.height}`,
      });
      bans.ban(contribution.author);
      this.#accuse(contribution);
    }
    const { state } = ledger;
    for (const seat of state.seatsOf(recorded))
      if (bytesEqual(seat.audit, audit)) this.#answer({ recorded, seat }, truth, state);
  }

  /** What the best chain's block recorded under this id. */
  async #contribution(recorded: number, audit: Uint8Array): Promise<Contribution | undefined> {
    const { blocks } = this.#deps;
    const id = await blocks.canonical(recorded);
    const block = id === undefined ? undefined : await blocks.block(id);
    return (
      block && contributionsOf(block.value).find((contribution) => bytesEqual(Contribution.id(contribution), audit))
    );
  }

  /** Gives the own word in its time; shows another's that is false. */
  #answer({ recorded, seat }: Placed, truth: Truth, state: State): void {
    const { rules } = this.#options;
    const next = state.height + 1;
    if (!this.#isMine(seat)) {
      if (seat.outcome !== SEALED && !isTrue(seat, truth)) void this.#accuseAttester({ recorded, seat });
    } else if (isZero(seat.commitment)) {
      if (isWithin(next, commitWindow(recorded, rules))) this.#commit(recorded, seat, truth);
    } else if (seat.outcome === SEALED && isWithin(next, revealWindow(recorded, rules)))
      if (truth.outcome === "valid" || state.isBanned(seat.author))
        // That a unit is forged can be said once its author is punished.
        this.#reveal(recorded, seat, truth);
  }

  #commit(height: number, seat: Seat, truth: Truth): void {
    const { key, words, outbox } = this.#deps;
    const reveal = this.#wordOf(height, seat, truth);
    const { audit, attester } = reveal;
    const unsigned = { audit, height, attester, commitment: commitmentOf(reveal) };
    const { value, bytes } = AuditCommit.wrap(AuditCommit.sign(unsigned, key, this.#options.rules.genesis));
    if (words.addCommit(value).kind === "accept") outbox.publish("audit-commit", bytes);
  }

  #reveal(height: number, seat: Seat, truth: Truth): void {
    const { words, outbox } = this.#deps;
    const { value, bytes } = AuditReveal.wrap(this.#wordOf(height, seat, truth));
    if (words.addReveal(value).kind === "accept") outbox.publish("audit-reveal", bytes);
  }

  /** The salt follows from the key, so that a restart between commit and reveal costs a run of the unit and no more. */
  #wordOf(height: number, { audit, attester }: Seat, { outcome, trace }: Truth): AuditReveal {
    const { genesis } = this.#options.rules;
    const salt = sha256(this.#deps.key.sign(taggedHash("attest salt", genesis, audit)));
    return { audit, height, attester, outcome: OUTCOMES.indexOf(outcome), trace, salt };
  }

  /** A winning unit that was found forged. */
  #executed({ block, verdict }: EngineEvents["executed"]): void {
    const winning = winningOf(block);
    if (verdict.kind === "reject" && FORGED.has(verdict.code) && winning !== undefined) this.#accuse(winning);
  }

  #accuse(contribution: Contribution): void {
    this.#show({ piece: evidenceOf(forgedUnit, { contribution }), offender: contribution.author });
  }

  async #accuseAttester({ recorded: height, seat: { audit, attester } }: Placed): Promise<void> {
    const { events, log } = this.#deps;
    try {
      const contribution = await this.#contribution(height, audit);
      if (contribution === undefined) return;
      const piece = evidenceOf(falseAttestation, { contribution, height, attester });
      const shown = this.#show({ piece, offender: attester });
      const alert = {
        kind: "false-attestation",
        subject: toHex(attester),
        detail: `audit of height ${height}`,
      } as const;
      if (shown) events.emit("alert", alert);
    } catch (error) {
      if (!this.#signal.aborted) log.warn({ height, reason: messageOf(error) }, "a false attestation was not shown");
    }
  }

  /** Whether it was not known before. What the chain cannot show yet is shown once it can: its start may be of a record on the tip. */
  #show(accusation: Accusation): boolean {
    const { piece } = accusation;
    const { evidence, outbox } = this.#deps;
    const held = evidence.hold(piece);
    if (held.kind === "accept") outbox.publish("evidence", EvidenceMessage.codec.encode(piece));
    else if (NOT_YET.has(held.code)) this.#keep(accusation);
    return held.kind === "accept";
  }

  /** Of more than there is room for, who has least to lose goes: strangers may forge without end. */
  #keep(accusation: Accusation): void {
    this.#later.push(accusation);
    if (this.#later.length <= MAX_LATER) return;
    const { state } = this.#deps.ledger;
    const weighed = this.#later.map((one) => ({ one, weight: atRisk(state, one.offender) }));
    const least = weighed.reduce((a, b) => (b.weight < a.weight ? b : a));
    this.#later = this.#later.filter((one) => one !== least.one);
  }
}

/** Refusals of evidence that another tip may take back. */
const NOT_YET: ReadonlySet<string> = new Set(["wrong-start", "other-branch"]);
const FORGED: ReadonlySet<string> = new Set(["forged-unit", "forged-delta"]);

const isTrue = ({ outcome, trace }: Seat, truth: Truth): boolean =>
  OUTCOMES[outcome] === truth.outcome && bytesEqual(trace, truth.trace);

/** Whether another's revealed word on the same unit is another one: then one of them is false. */
const disagree = (seats: readonly Seat[], { audit, outcome, trace }: Seat): boolean =>
  outcome !== SEALED &&
  seats.some(
    (other) =>
      bytesEqual(other.audit, audit) &&
      other.outcome !== SEALED &&
      (other.outcome !== outcome || !bytesEqual(other.trace, trace)),
  );
