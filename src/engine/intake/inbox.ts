// Gossip in, verdict out: one function per topic. Cheap checks come first; what a peer could not have known is ignored, not blamed (protocol sections 5 and 9).
import { ACCEPT, bytesEqual, ignore, isMalformed, messageOf, reject, type Verdict } from "../../base/index.ts";
import {
    Block,
    Attestation,
  type Codec,
  Contribution,
  Header,
  RoundRecord
  Transaction,,
} from "../../codec/index.ts";
import { checkHeader, leaderOf } from "../../consensus/index.ts";
import type { Clock, Topic } from "../../ports/index.ts";
import type { Attestations } from "../chain/attestations.ts";
import type { EvidenceWatch } from "../chain/evidence.ts";
import type { Ledger } from "../chain/ledger.ts";
import type { Mempool } from "../chain/mempool.ts";
import type { Sync } from "../exchange/sync.ts";
import { KEEP_RECENT } from "../storage/keys.ts";
import type { Rounds } from "../training/rounds.ts";

/** First byte of a message on the block topic: the block itself, or only its header when the block is too large to gossip. */
export const WHOLE = 0;
export const HEADER_ONLY = 1;

/** Verdicts on blocks further than this from the head are of no use to anyone who follows the chain. */
const VERDICT_BLOCKS = 64;

/** Verdicts that a later moment may change: the object's block or the record before it is still on its way. */
const EARLY = new Set(["other-block", "unknown-round", "wrong-previous", "height-ahead"]);
const EARLY_TRIES = 4;
const EARLY_MS = 1_500;
/** Early messages of one peer that may wait at once. */
const EARLY_PER_PEER = 16;

export interface Source {
  readonly from: string;
  readonly author: string;
}

export interface InboxDeps {
  readonly ledger: Ledger;
  readonly rounds: Rounds;
  readonly mempool: Mempool;
  readonly verdicts: Attestations;
  readonly evidence: EvidenceWatch;
  readonly sync: Sync;
  readonly clock: Clock;
  /** Asks a peer again where its head is: it spoke of a block that we cannot place. */
  readonly greet: (peer: string) => void;
  /** Fetches head and round in progress from a peer that is ahead of us. */
  readonly catchUp: (peer: string) => void;
  /** True once the common state moved, false when it did not within `ms`. */
  readonly nextRound: (ms: number) => Promise<boolean>;
  /** Who brought a block first, to blame if its unit is forged. */
  readonly remember: (id: Uint8Array, source: Source) => void;
  /** On verifiers: resolves with the outcome of the re-execution before the block is relayed. */
  readonly awaitCheck: ((id: Uint8Array) => Promise<Verdict>) | undefined;
  readonly onVerdict: (verdict: ReturnType<typeof Attestation.codec.decode>) => void;
}

export class Inbox {
  readonly #deps: InboxDeps;
  readonly #signal: AbortSignal;
  /** Peer -> early messages of it that wait for the round to move. */
  readonly #waiting = new Map<string, number>();

  constructor(deps: InboxDeps, options: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = options.signal;
  }

  async judge(topic: Topic, data: Uint8Array, source: Source): Promise<Verdict> {
    try {
      switch (topic) {
        case "block":
          return await this.#block(data, source);
        case "transfer":
          return this.#deps.mempool.add(decode(Transaction.codec, data));
        case "contribution": {
          const { rounds } = this.#deps;
          const contribution = decode(Contribution.codec, data);
          return await this.#patiently(source.from, () => rounds.addContribution(contribution, source.from, false));
        }
        case "record":
          return await this.#record(data, source);
        case "verdict":
          return this.#verdict(data);
      }
    } catch (error) {
      if (isMalformed(error)) return reject("bad-encoding", error.message);
      if (this.#signal.aborted) return ignore("closing", "the node is stopping");
      return ignore("failed", messageOf(error));
    }
  }

  async #block(data: Uint8Array, source: Source): Promise<Verdict> {
    const { ledger } = this.#deps;
    const whole = data[0] === WHOLE ? Block.codec.decode(data.subarray(1)) : undefined;
    if (whole === undefined && data[0] !== HEADER_ONLY) return reject("bad-encoding", "not a block message");
    const header: Header = whole?.header ?? Header.codec.decode(data.subarray(1));
    const id = Header.id(header);
    const known = await ledger.node(id);
    if (known !== undefined)
      return known.checked === "invalid" ? reject("forged-before", "found forged") : ignore("known", "known");
    const parent = await ledger.node(header.parent);
    if (parent === undefined) {
      this.#deps.greet(source.from);
      return ignore("unknown-parent", "the block's parent is not here yet");
    }
    // Its state would have to be replayed first; a chain that really parts there is fetched by sync, from who claims the work.
    if (parent.height < ledger.head.height - KEEP_RECENT)
      return ignore("old-parent", "the block parts from the chain too far back for gossip");
    const cheap = checkHeader(await ledger.stateOf(parent.id), header, { now: this.#deps.clock.now() }, ledger.rules);
    if (cheap.kind !== "accept") return cheap;
    this.#deps.evidence.noteHeader(header);
    this.#deps.remember(id, source);
    const block = whole ?? (await this.#deps.sync.fetchBlock(source.from, id));
    if (block === undefined) return ignore("no-block", "the announced block was not served");
    const { verdict } = await ledger.importBlock(block, { from: source.from, own: false }, { signal: this.#signal });
    if (verdict.kind !== "accept") {
      if (verdict.kind === "ignore") this.#deps.greet(source.from);
      return verdict;
    }
    return this.#deps.awaitCheck === undefined ? verdict : this.#deps.awaitCheck(id);
  }

  async #record(data: Uint8Array, source: Source): Promise<Verdict> {
    const record = RoundRecord.codec.decode(data);
    const { rounds, evidence, ledger } = this.#deps;
    const seen = (await this.#isLeader(record)) ? evidence.noteRecord(record) : "first";
    // The second record is passed on, so that whoever wins the next block can punish the offence; a third says nothing new.
    if (seen === "second") return ACCEPT;
    if (seen === "more") return ignore("second-record", "the leader signed other records for this round");
    if (record.height < ledger.head.height) return ignore("other-block", "the record builds on an older block");
    const verdict = await this.#patiently(source.from, () => rounds.addRecord(record, source.from, false));
    // Still ahead of us: we missed its block or a record before it.
    if (verdict.kind === "ignore" && EARLY.has(verdict.code)) this.#deps.catchUp(source.from);
    return verdict;
  }

  /** Messages overtake each other: what is early is judged again when the round moves, a few times, before it is given up. */
  async #patiently(from: string, judge: () => Promise<Verdict>): Promise<Verdict> {
    for (let tries = 1; ; tries++) {
      const verdict = await judge();
      const early = verdict.kind === "ignore" && EARLY.has(verdict.code);
      if (!early || tries === EARLY_TRIES || !(await this.#waitFor(from))) return verdict;
    }
  }

  /** False at once when the peer has too many early messages waiting already. */
  async #waitFor(from: string): Promise<boolean> {
    const waiting = this.#waiting.get(from) ?? 0;
    if (waiting >= EARLY_PER_PEER) return false;
    this.#waiting.set(from, waiting + 1);
    try {
      return await this.#deps.nextRound(EARLY_MS);
    } finally {
      const left = (this.#waiting.get(from) as number) - 1;
      if (left === 0) this.#waiting.delete(from);
      else this.#waiting.set(from, left);
    }
  }

  /** Whether the record's signer led on a recent block that is known: what anyone else signs is no evidence and is not remembered. */
  async #isLeader(record: RoundRecord): Promise<boolean> {
    const { ledger } = this.#deps;
    const node = await ledger.node(record.block);
    if (node === undefined || node.height <= ledger.head.height - ledger.rules.maturity) return false;
    const leader = leaderOf(await ledger.stateOf(node.id));
    return leader !== undefined && bytesEqual(leader, record.leader);
  }

  #verdict(data: Uint8Array): Verdict {
    const verdict = decode(Attestation.codec, data);
    const away = Math.abs(verdict.height - this.#deps.ledger.head.height);
    if (away > VERDICT_BLOCKS) return ignore("far-height", `${away} blocks from our head`);
    const judged = this.#deps.verdicts.add(verdict);
    if (judged.kind === "accept") this.#deps.onVerdict(verdict);
    return judged;
  }
}

const decode = <T>(codec: Codec<T>, data: Uint8Array): T => codec.decode(data);
