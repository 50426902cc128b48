// One key in one place: what this node's key signs is written down beside it first, and what else appears under it was signed elsewhere (protocol section 10).
import { bytesEqual, Lru, toHex } from "../../base/index.ts";
import { Contribution, Header, RoundRecord } from "../../codec/index.ts";
import type { Log, SigningHistory } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";
import type { Origin } from "../origin.ts";
import type { Persistence } from "../storage/index.ts";

/** Own wins on the chain that the history does not hold: signed before it was lost. */
const MAX_SEEN = 1024;

export const winSlot = ({ height, digest, nonce }: Pick<Header, "height" | "digest" | "nonce">): string =>
  `win/${height}/${toHex(digest)}/${nonce}`;
export const recordSlot = ({ height, block, task, round }: Omit<RoundSlot, "leader">): string =>
  `record/${height}/${toHex(block)}/${toHex(task)}/${round}`;
type RoundSlot = Pick<RoundRecord, "height" | "block" | "task" | "round" | "leader">;

export interface OwnKeyDeps {
  readonly key: { readonly address: Uint8Array };
  readonly history: SigningHistory;
  readonly persistence: Pick<Persistence, "write">;
  readonly events: EventBus;
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
  readonly #deps: OwnKeyDeps;
  readonly #seen = new Lru<string, true>(MAX_SEEN);
  /** Height of the highest block when training began: what is signed above it and not here is signed elsewhere now. */
  #since: number | undefined;
  #elsewhere = false;

  /** Made before all that follows the head: a block of this key that was made elsewhere is found before anybody leads on it. */
  constructor(deps: OwnKeyDeps) {
    this.#deps = deps;
    const { events } = deps;
    events.on("head", ({ added }) => {
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
      if (isOthers(origin) && this.#isOwn(record.leader)) this.#see(record.height, RoundRecord.id(record), "a record");
    });
    events.on("contribution", ({ contribution, origin }) => {
      if (isOthers(origin) && this.#isOwn(contribution.author))
        this.#see(contribution.height, Contribution.id(contribution), "a unit");
    });
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
    if (this.#elsewhere || this.#seen.has(slot)) return false;
    const { history, persistence } = this.#deps;
    return persistence.write(HISTORY_DISK, () => history.claim({ slot, height, id: toHex(id) }));
  }

  /** Whether this node made the block and so knows every record that was signed on it with this key. */
  mayLead(block: Uint8Array): boolean {
    return !this.#elsewhere && this.#deps.history.has(toHex(block));
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
