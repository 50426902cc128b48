// Watches for what nobody may sign twice: one win behind two blocks, one round under two records. Finds become evidence for the next block.
import { ACCEPT, bytesEqual, ignore, Lru, type Steps, toHex, type Verdict } from "../../base/index.ts";
import {
  type CarryingBlock,
  carriable,
  doubleBlock,
  doubleRecord,
  type EvidenceKind,
  evidenceOf,
  judge,
  judgeOn,
  type Offence,
  type Rules,
  type State,
  selectEvidenceSteps,
} from "../../chain/index.ts";
import { type Evidence, Header, RoundRecord } from "../../codec/index.ts";
import type { EventBus } from "../events.ts";

/** Headers and records remembered, each, of the last `evidenceBlocks`. */
const MEMORY = 2048;
const MAX_PENDING = 64;

/** Evidence found and not in a block yet, with the height of its offence. */
interface Held {
  readonly offender: Uint8Array;
  readonly height: number;
  readonly evidence: Evidence;
}

/** One offence for all that its block let it lead: pairs for ever more rounds cost it nothing, and would fill the places of others. */
const ledOf = ({ leader, block }: RoundRecord): string => `${toHex(leader)}/${toHex(block)}`;
const roundOf = (record: RoundRecord): string => `${ledOf(record)}/${toHex(record.task)}/${record.round}`;

export class EvidenceWatch {
  readonly #rules: Rules;
  readonly #events: EventBus;
  readonly #state: () => State;
  readonly #headers = new Lru<string, Header>(MEMORY);
  readonly #records = new Lru<string, RoundRecord>(MEMORY);
  /** Offences found already: more signatures over one of them are not another. */
  readonly #found = new Lru<string, true>(MEMORY);
  /** Rounds of which a record was passed on, with its height. */
  readonly #passed = new Lru<string, number>(MEMORY);
  #pending: Held[] = [];

  /** `state`: after the best block. */
  constructor(rules: Rules, { events, state }: { readonly events: EventBus; readonly state: () => State }) {
    this.#rules = rules;
    this.#events = events;
    this.#state = state;
    events.on("head", () => this.#prune(state().height));
    events.on("record", ({ record }) => {
      this.noteRecord(record);
      this.#passed.set(roundOf(record), record.height);
    });
  }

  /** Looks at a header whose signature was checked. */
  noteHeader(header: Header): void {
    const { miner, task, startDigest, digest, height, round, mlNode, index, nonce } = header;
    const key = [...[miner, task, startDigest, digest].map(toHex), height, round, mlNode, index, nonce].join("/");
    const before = this.#headers.get(key);
    if (before === undefined) this.#headers.set(key, header);
    else if (!bytesEqual(Header.id(before), Header.id(header))) {
      if (this.#found.has(key)) return;
      const evidence = this.#shown(doubleBlock, { a: before, b: header }, height);
      if (evidence === undefined) return;
      this.#found.set(key, true);
      this.#keep({ offender: miner, height, evidence });
      this.#alert(header.miner, `two blocks at height ${header.height} from one win`);
    }
  }

  /**
   * Looks at a record that the leader of some known block signed, on any branch; a bad signature is nobody's offence.
   * `second`: it shows an offence that was not known, to whom the first was passed on; `more`: one that was, or of records that nobody passed on.
   */
  noteRecord(record: RoundRecord): "first" | "second" | "more" {
    const [led, key] = [ledOf(record), roundOf(record)];
    const before = this.#records.get(key);
    if (before !== undefined && bytesEqual(RoundRecord.id(before), RoundRecord.id(record))) return "first";
    if (this.#found.has(led)) return before === undefined ? "first" : "more";
    if (!RoundRecord.verify(record, this.#rules.genesis)) return "first";
    if (before === undefined) {
      this.#records.set(key, record);
      return "first";
    }
    const { leader, height } = record;
    const evidence = this.#shown(doubleRecord, { a: before, b: record }, height);
    if (evidence === undefined) return "first";
    this.#found.set(led, true);
    this.#keep({ offender: leader, height, evidence });
    this.#alert(leader, `two records for round ${record.round}`);
    return this.#passed.has(key) ? "second" : "more";
  }

  /** Keeps evidence that was found elsewhere, its unit run if it is about one; `ignore` where it shows nothing on this chain, or nothing new. */
  hold(piece: Evidence): Verdict {
    const judged = judgeOn(this.#state(), piece, this.#rules);
    if (judged.kind !== "offence") return ignore(judged.code);
    if (this.knows(judged)) return ignore("known");
    this.#found.set(toHex(judged.id), true);
    this.#keep({ offender: judged.offender, height: judged.height, evidence: piece });
    return ACCEPT;
  }

  /** Whether a block could carry evidence against a key already: it takes all that the key has, so more of it shows nothing that counts. */
  accuses(offender: Uint8Array): boolean {
    const held = this.#pending.filter((one) => bytesEqual(one.offender, offender)).map(({ evidence }) => evidence);
    return carriable(this.#state(), held, this.#rules).length > 0;
  }

  /** Whether evidence of the offence was found already. */
  knows({ id }: Offence): boolean {
    return this.#found.has(toHex(id));
  }

  /** Evidence that a block can carry: in time, and not punished yet. */
  pending(block: CarryingBlock): Steps<Evidence[]> {
    const held = this.#pending.map(({ evidence }) => evidence);
    return selectEvidenceSteps(block, held, this.#rules);
  }

  /**
   * A piece of evidence, if that shows an offence: it is judged as it is held, with the message that brought it. Two full records take
   * milliseconds to decode, and all that are held are judged again with a draft, or where there is one too many.
   */
  #shown<P>(kind: EvidenceKind<P>, pair: P, height: number): Evidence | undefined {
    const piece = evidenceOf(kind, pair);
    return judge(piece, { state: this.#state(), height }, this.#rules).kind === "offence" ? piece : undefined;
  }

  /** Where all places are taken, what no block could carry makes room, then whose offender has least to lose: keys with nothing or a little are made up. */
  #keep(held: Held): void {
    this.#pending.push(held);
    if (this.#pending.length <= MAX_PENDING) return;
    const all = this.#pending.map(({ evidence }) => evidence);
    const most = new Set(carriable(this.#state(), all, this.#rules).slice(0, MAX_PENDING));
    this.#pending = this.#pending.filter(({ evidence }) => most.has(evidence));
  }

  #alert(offender: Uint8Array, detail: string): void {
    this.#events.emit("alert", { kind: "equivocation", subject: toHex(offender), detail });
  }

  /** Forgets what is too old to punish, and what a second one of would be. */
  #prune(head: number): void {
    const isOld = (height: number): boolean => height <= head - this.#rules.evidenceBlocks;
    this.#pending = this.#pending.filter(({ height }) => !isOld(height));
    this.#headers.forget(({ height }) => isOld(height));
    this.#records.forget(({ height }) => isOld(height));
    this.#passed.forget(isOld);
  }
}
