// Catches up with heavier chains: finds where the branches part, then pulls blocks by range from several peers at once,
// each chunk with its own time limit; a peer that serves rubbish is dropped and its chunk asked of another.
import {
  bytesEqual,
  isMalformed,
  Lru,
  messageOf,
  PouwError,
  type Refusal,
  toBigInt,
  toHex,
  type Verdict,
} from "../../base/index.ts";
import type { Block, Decoded, PeerStatus } from "../../codec/index.ts";
import type { Log, Wire } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";
import { fromPeer, type PeerOrigin } from "../origin.ts";
import { fetchRange } from "./block-requests.ts";
import type { Client } from "./client.ts";
import type { Peers } from "./peers.ts";
import { type Foresight, readAhead } from "./read-ahead.ts";

/** Blocks in one chunk, and chunks pulled at once. */
export const CHUNK_BLOCKS = 16;
const PARALLEL = 4;
/** Failures of a peer within one sync before it is left out of it. */
const MAX_FAILURES = 3;
/** Failures of a peer whose connection broke: it is left out of this sync, and blamed for nothing. */
const BROKEN = Number.POSITIVE_INFINITY;
/** Failures of a peer whose next block cannot be taken here yet, for want of room or since its time has not come: that is not its fault. */
const NO_ROOM = Number.MAX_SAFE_INTEGER;
/** Times in a row that a peer's chain may move, or its connection break, before it brought what it claims. */
const MAX_EXCUSES = 10;

export interface SyncDeps {
  readonly wire: Pick<Wire, "punish">;
  readonly client: Client;
  readonly peers: Pick<Peers, "get" | "ranked">;
  readonly events: EventBus;
  readonly log: Log;
  readonly head: () => { readonly height: number; readonly work: bigint };
  /** The block of most work that is here, checked or not. */
  readonly heaviest: () => { readonly height: number };
  /** A recent block that is here, on whatever branch. */
  readonly recent: (id: Uint8Array) => { readonly work: bigint } | undefined;
  /** Undefined on a node that runs every block's unit itself. */
  readonly foresight: Foresight | undefined;
  /** Whether a block is in the tree. */
  readonly has: (id: Uint8Array) => Promise<boolean>;
  readonly importBlock: (block: Decoded<Block>, origin: PeerOrigin) => Promise<Verdict>;
  /** Whether an honest peer may stand on a block that is refused like this. */
  readonly isExcusable: (verdict: Verdict) => boolean;
}

interface Chunk {
  readonly peer: string;
  readonly blocks: readonly Decoded<Block>[];
}

/** A peer whose head stands on a block that was refused here, and on how many such blocks it stood since it last claimed no more work than we have. */
interface Parted {
  readonly head: string;
  readonly blocks: number;
}

export class Sync {
  readonly #deps: SyncDeps;
  readonly #signal: AbortSignal;
  /** What peers claimed and did not bring. */
  readonly #doubted = new Lru<string, bigint>(256);
  /** How often in a row a peer was excused. */
  readonly #excused = new Lru<string, number>(256);
  /** Blocks that were refused for what an honest peer may not see, and the heads of peers that stand on one: not asked for again. */
  readonly #refused = new Lru<string, Refusal>(256);
  readonly #parted = new Lru<string, Parted>(256);
  #running: Promise<void> | undefined;
  #again = false;

  constructor(deps: SyncDeps, options: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = options.signal;
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Looks whether a peer has a heavier chain and, if so, fetches it. Calls while busy are folded into one more look. */
  requestSync(): void {
    if (this.#running !== undefined) {
      this.#again = true;
      return;
    }
    this.#running = this.#loop()
      .catch((error) => this.#deps.log.warn({ reason: messageOf(error) }, "sync stopped"))
      .finally(() => {
        this.#running = undefined;
        this.#deps.events.emit("sync", { progress: undefined, target: 0 });
        if (this.#again && !this.#signal.aborted) {
          this.#again = false;
          this.requestSync();
        }
      });
  }

  /** Resolves when nothing is being fetched. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #loop(): Promise<void> {
    const failures = new Map<string, number>();
    for (let round = 0; round < 1000 && !this.#signal.aborted; round++) {
      const best = this.#heavier(failures)[0];
      if (best === undefined) return;
      const word = this.#deps.peers.get(best) as PeerStatus;
      const first = await this.#firstMissing(best).catch((error) => this.#failed(failures, best, error));
      if (first !== undefined)
        await this.#readAhead(best, first, word).catch((error) => this.#failed(failures, best, error));
      const all = first !== undefined && (await this.#pull(best, first, failures));
      this.#doubt(best, word, failures, all);
    }
  }

  /**
   * Whoever claims work that it does not bring is left out, and punished if it insists: an honest peer's next word is smaller when a
   * forged block was all it had. Judged by its `word` from before the fetch. A chain that moved meanwhile and a connection that
   * broke are excuses, though not without end.
   */
  #doubt(peer: string, word: PeerStatus, failures: Map<string, number>, all: boolean): void {
    const now = this.#deps.peers.get(peer);
    const failed = failures.get(peer) ?? 0;
    if (now === undefined || failed === NO_ROOM || this.#hasParted(peer, now)) return;
    if (!all && failed < MAX_FAILURES) return;
    const claimed = toBigInt(word.work);
    // It brought what it claims, whether that is checked here yet or not.
    if (claimed <= (this.#deps.recent(word.head)?.work ?? this.#deps.head().work)) {
      this.#excused.delete(peer);
      return;
    }
    const excuse = failed === BROKEN || !bytesEqual(now.work, word.work);
    const excused = excuse ? (this.#excused.get(peer) ?? 0) + 1 : 0;
    this.#excused.set(peer, excused);
    if (excuse && excused < MAX_EXCUSES) {
      this.#fail(failures, peer, "its chain was not fetched to the end");
      return;
    }
    failures.set(peer, MAX_FAILURES);
    const before = this.#doubted.get(peer);
    this.#doubted.set(peer, claimed);
    if (before !== undefined && claimed >= before)
      this.#deps.wire.punish(peer, "claims more work than its blocks hold");
  }

  /** Peers with more work than our head, in blocks that are not here, that did not fail too often; best first. */
  #heavier(failures: ReadonlyMap<string, number>): string[] {
    const own = this.#deps.head().work;
    return this.#deps.peers.ranked().filter((peer) => {
      const status = this.#deps.peers.get(peer);
      if (status === undefined) return false;
      const claimed = toBigInt(status.work);
      const heavier = claimed > own;
      if (!heavier) this.#parted.delete(peer);
      const here = (this.#deps.recent(status.head)?.work ?? 0n) >= claimed;
      return heavier && !here && (failures.get(peer) ?? 0) < MAX_FAILURES && !this.#hasParted(peer, status);
    });
  }

  /** Whether the peer's present head is known to stand on a block that was refused here, or too many did: honest for all we know, it goes its own way. */
  #hasParted(peer: string, { head }: PeerStatus): boolean {
    const parted = this.#parted.get(peer);
    return parted !== undefined && (parted.blocks > MAX_EXCUSES || parted.head === toHex(head));
  }

  /** First block of the peer's chain that we may lack: steps back in doubling strides until a block's parent is known. */
  async #firstMissing(peer: string): Promise<Decoded<Block>> {
    const top = Math.min(this.#deps.heaviest().height + 1, (this.#deps.peers.get(peer) as PeerStatus).height);
    for (let back = 0, from = top; ; back = back === 0 ? 4 : back * 2) {
      from = Math.max(1, top - back);
      const [first] = await this.#range(peer, from, 1);
      if (first === undefined) throw new PouwError("NOT_FOUND", `no block at height ${from}`);
      if (await this.#deps.has(first.value.header.parent)) return first;
      if (from === 1) throw new PouwError("BAD_ENCODING", "its first block does not stand on our genesis");
    }
  }

  /** Has what leads to a block that others vouched for known before it is taken in. */
  async #readAhead(peer: string, first: Decoded<Block>, { height }: PeerStatus): Promise<void> {
    const { foresight } = this.#deps;
    if (foresight?.isWanted() !== true) return;
    const range = (from: number, count: number): Promise<Decoded<Block>[]> =>
      this.#range(peer, from, Math.min(count, CHUNK_BLOCKS));
    await readAhead(first, { to: height, range }, foresight);
  }

  /** Pulls what follows `first` up to best's height in chunks, PARALLEL at a time, and imports all in order; true when all came in. */
  async #pull(best: string, first: Decoded<Block>, failures: Map<string, number>): Promise<boolean> {
    const target = (this.#deps.peers.get(best) as PeerStatus).height;
    const { height: start, work } = this.#deps.head();
    const { height: from } = first.value.header;
    const ahead = [{ from, blocks: Promise.resolve<Chunk | undefined>({ peer: best, blocks: [first] }) }];
    for (let next = from + 1, turn = 0; !this.#signal.aborted; ) {
      for (; ahead.length < PARALLEL && next <= target; next += CHUNK_BLOCKS) {
        const range = { from: next, count: Math.min(CHUNK_BLOCKS, target - next + 1) };
        ahead.push({ from: next, blocks: this.#chunk(best, range, turn++, failures) });
      }
      const chunk = ahead.shift();
      if (chunk === undefined) return true;
      const got = await chunk.blocks;
      if (got === undefined || !(await this.#importAll(got, failures))) return false;
      const done = chunk.from + got.blocks.length - 1;
      const progress = Math.min(1, (done - start) / Math.max(1, target - start));
      // Training rests while the chain moves, not while somebody repeats what is known.
      if (this.#deps.head().work > work) this.#deps.events.emit("sync", { progress, target });
    }
    return false;
  }

  /** One chunk from the peer whose turn it is, from the others if that fails. */
  async #chunk(
    best: string,
    { from, count }: { readonly from: number; readonly count: number },
    turn: number,
    failures: Map<string, number>,
  ): Promise<Chunk | undefined> {
    const reaches = (peer: string): boolean => (this.#deps.peers.get(peer)?.height ?? 0) >= from + count - 1;
    const able = this.#heavier(failures).filter(reaches);
    const first = turn % Math.max(1, able.length);
    for (const peer of new Set([...able.slice(first), ...able.slice(0, first), best])) {
      try {
        const blocks: Decoded<Block>[] = [];
        // Large blocks do not fit one reply.
        for (let more = count; more > 0; more = count - blocks.length) {
          const got = await this.#range(peer, from + blocks.length, more);
          if (got.length === 0) break;
          blocks.push(...got);
        }
        if (blocks.length > 0) return { peer, blocks };
        this.#fail(failures, peer, `served no blocks from height ${from}`);
      } catch (error) {
        this.#failed(failures, peer, error);
      }
    }
    return undefined;
  }

  async #importAll({ peer, blocks }: Chunk, failures: Map<string, number>): Promise<boolean> {
    for (const block of blocks) {
      const before = this.#refused.get(toHex(block.id));
      const verdict = before ?? (await this.#deps.importBlock(block, fromPeer(peer)));
      if (verdict.kind === "accept") continue;
      this.#fail(failures, peer, verdict.reason);
      // Neither the peer's fault: what is full here, and what time it is.
      if (verdict.code === "full" || verdict.code === "time-in-future") failures.set(peer, NO_ROOM);
      if (this.#deps.isExcusable(verdict)) this.#part(peer, block, verdict);
      else if (verdict.kind === "reject") this.#deps.wire.punish(peer, verdict.reason);
      return false;
    }
    return true;
  }

  #part(peer: string, { id }: Decoded<Block>, refusal: Refusal): void {
    const more = this.#refused.get(toHex(id)) === undefined ? 1 : 0;
    this.#refused.set(toHex(id), refusal);
    const status = this.#deps.peers.get(peer);
    const blocks = (this.#parted.get(peer)?.blocks ?? 0) + more;
    if (status !== undefined) this.#parted.set(peer, { head: toHex(status.head), blocks });
  }

  #range(peer: string, from: number, count: number): Promise<Decoded<Block>[]> {
    return fetchRange(this.#deps.client, peer, { from, count }, { signal: this.#signal });
  }

  #failed(failures: Map<string, number>, peer: string, error: unknown): undefined {
    this.#fail(failures, peer, messageOf(error));
    if (error instanceof PouwError && error.code === "WIRE_FAILED") failures.set(peer, BROKEN);
    if (isMalformed(error)) this.#deps.wire.punish(peer, error.message);
  }

  #fail(failures: Map<string, number>, peer: string, reason: string): void {
    failures.set(peer, (failures.get(peer) ?? 0) + 1);
    this.#deps.log.debug({ peer, reason }, "a peer failed to serve blocks");
  }
}
