// One key in one place: what this node's key signs is written down beside it first, and what else appears under it was signed elsewhere (protocol section 10).
import { bytesEqual, Lru, toBigInt, toHex } from "../../base/index.ts";
import { Contribution, Header, RoundRecord } from "../../codec/index.ts";
import type { Clock, Log, SigningHistory } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";
import type { Peers } from "../exchange/index.ts";
import type { Origin } from "../origin.ts";
import { pause } from "../pause.ts";
import type { Persistence } from "../storage/index.ts";

/** Own wins on the chain and own records that the history does not hold: signed before it was lost, or elsewhere. */
const MAX_SEEN = 1024;

export const winSlot = ({ height, digest, nonce }: Pick<Header, "height" | "digest" | "nonce">): string =>
  `win/${height}/${toHex(digest)}/${nonce}`;
export const recordSlot = ({ height, block, task, round }: Omit<RoundSlot, "leader">): string =>
  `record/${height}/${toHex(block)}/${toHex(task)}/${round}`;
type RoundSlot = Pick<RoundRecord, "height" | "block" | "task" | "round" | "leader">;

/** Blocks of its own that somebody else led on. */
const MAX_LED = 64;
/** Before a first record all peers are asked once more where they stand; so long for their answers, and for what they bring, ms. */
const ANSWER_MS = 1000;
const FOLLOW_MS = 1000;

export interface OwnKeyOptions {
  /** How long whoever else has the key is listened for before a record is signed, until the first win, ms; not at all where absent. */
  readonly firstWaitMs?: (() => number) | undefined;
}

export interface OwnKeyDeps {
  readonly key: { readonly address: Uint8Array };
  readonly history: SigningHistory;
  readonly persistence: Pick<Persistence, "write">;
  readonly events: EventBus;
  readonly peers: Pick<Peers, "get" | "greet" | "ranked">;
  readonly clock: Clock;
  readonly log: Log;
}

const HISTORY_DISK = { name: "history" } as const;

/** Something that two nodes with one key would both sign. */
export interface Claim {
  readonly slot: string;
  readonly height: number;
  readonly id: Uint8Array;
}

export class OwnKey {
  readonly #options: OwnKeyOptions;
  readonly #deps: OwnKeyDeps;
  readonly #signal: AbortSignal;
  readonly #seen = new Lru<string, true>(MAX_SEEN);
  /** Blocks on which a record of this key appeared that was not signed here. */
  readonly #led = new Lru<string, true>(MAX_LED);
  /** Height of the highest block when training began: what is signed above it and not here is signed elsewhere now. */
  #since: number | undefined;
  #elsewhere = false;
  /** Of the best chain. */
  #work = 0n;
  /** Whether a win was signed since training began: it makes whoever else has the key stop. */
  #hasWon = false;

  /** Made before all that follows the head: a block of this key that was made elsewhere is found before anybody leads on it. */
  constructor(options: OwnKeyOptions, deps: OwnKeyDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#options = options;
    this.#deps = deps;
    this.#signal = signal;
    const { events } = deps;
    events.on("head", ({ added, tip }) => {
      this.#work = tip.work;
      for (const { header } of added) {
        if (!this.#isOwn(header.miner)) continue;
        this.#see(header.height, Header.id(header), "a block");
        if (!this.#deps.history.has(toHex(Header.id(header)))) this.#seen.set(winSlot(header), true);
      }
    });
    events.on("pending", ({ miner, height, id }) => {
      if (this.#isOwn(miner)) this.#see(height, id, "a block");
    });
    events.on("record", ({ record, origin }) => {
      if (!isOthers(origin) || !this.#isOwn(record.leader)) return;
      const id = RoundRecord.id(record);
      if (!this.#deps.history.has(toHex(id))) {
        this.#seen.set(recordSlot(record), true);
        this.#led.set(toHex(record.block), true);
      }
      this.#see(record.height, id, "a record");
    });
    events.on("contribution", ({ contribution, origin }) => {
      if (isOthers(origin) && this.#isOwn(contribution.author))
        this.#see(contribution.height, Contribution.id(contribution), "a unit");
    });
  }

  /** Looks at a header whose signature was checked, be its block here or not. */
  noteHeader(header: Header): void {
    if (this.#isOwn(header.miner)) this.#see(header.height, Header.id(header), "a block");
  }

  /** Whether another node was found to sign with this key: then this one signs nothing any more. */
  get isElsewhere(): boolean {
    return this.#elsewhere;
  }

  /** Training begins, and blocks up to this height are here, checked or not: they may be of this key's past. */
  begin(height: number): void {
    this.#since ??= height;
  }

  /** Whether this may be signed; it is on disk when this resolves, however long the disk takes nothing. Throws CLOSED at the end. */
  async claim({ slot, height, id }: Claim): Promise<boolean> {
    if (this.#elsewhere || this.#seen.has(slot) || this.#signal.aborted) return false;
    const { history, persistence } = this.#deps;
    const granted = await persistence.write(HISTORY_DISK, () => history.claim({ slot, height, id: toHex(id) }));
    if (granted && this.#since !== undefined && height > this.#since) this.#hasWon = true;
    return granted;
  }

  /**
   * Two machines that start with one key and one history may both lead on its last block, and close a round in the same moment. Whoever waits
   * longer hears what the other signed, and stands back. What was signed before gossip came here no message tells any more, so peers are
   * asked. Wins need no such wait: each machine's units are others (`EngineOptions.firstIndex`).
   */
  async listen(): Promise<void> {
    const { clock, peers } = this.#deps;
    const { firstWaitMs } = this.#options;
    if (this.#hasWon || firstWaitMs === undefined || peers.ranked().length === 0) return;
    await pause(clock, firstWaitMs(), this.#signal);
    const asked = Promise.all(peers.ranked().map((peer) => peers.greet(peer)));
    await Promise.race([asked, pause(clock, ANSWER_MS, this.#signal)]);
    const isAhead = (peer: string): boolean => toBigInt(peers.get(peer)?.work ?? new Uint8Array()) > this.#work;
    if (peers.ranked().some(isAhead)) await pause(clock, FOLLOW_MS, this.#signal);
  }

  /** Whether this node made the block and knows every record that was signed on it with this key. */
  mayLead(block: Uint8Array): boolean {
    const name = toHex(block);
    return !this.#elsewhere && this.#deps.history.has(name) && !this.#led.has(name);
  }

  #isOwn(address: Uint8Array): boolean {
    return bytesEqual(address, this.#deps.key.address);
  }

  #see(height: number, id: Uint8Array, what: string): void {
    const { history, events, log } = this.#deps;
    if (this.#elsewhere || history.has(toHex(id)) || this.#since === undefined || height <= this.#since) return;
    this.#elsewhere = true;
    const sentence = `Another node signs with this node's key (${what} at height ${height} was not made here): mining has stopped, since a win or a record signed twice costs all that is at stake.`;
    const remedy =
      "Stop the other node and start this one again, or start one of them with another --data-dir, which has a key of its own.";
    log.error({ height, id: toHex(id), remedy }, sentence);
    events.emit("key", { sentence: `${sentence} ${remedy}` });
  }
}

const isOthers = (origin: Origin): boolean => origin.kind !== "own";
