// Brings one branch here: its blocks from whoever showed their headers, taken in in order.
import { isMalformed, Lru, messageOf, PouwError, type RefusalCode, toHex, type Verdict } from "../../base/index.ts";
import type { Block, Decoded } from "../../codec/index.ts";
import type { Clock, Log, Wire } from "../../ports/index.ts";
import { fromPeer, type PeerOrigin } from "../origin.ts";
import { fetchBlocks } from "./block-requests.ts";
import type { Branch } from "./branch.ts";
import type { Claims } from "./claims.ts";
import type { Client } from "./client.ts";
import { hedged } from "./hedged.ts";
import type { Peers } from "./peers.ts";

/** Blocks asked for at once; one answer brings as many as fit it. The first lot of a branch is a single block: it shows cheaply who serves. */
const LOT_BLOCKS = 16;
/** Others are asked beside a peer that is silent this long about the first block, or about a lot, ms. */
const FIRST_MS = 500;
const LOT_MS = 2_000;
/** Refusals that a later moment may change, and that are nobody's fault. */
const WAITS: ReadonlySet<RefusalCode> = new Set(["full", "time-in-future"] as const);
/** Blocks that are remembered as refused, for what an honest peer may not see. */
const MAX_REFUSED = 1024;

export interface PursuitDeps {
  readonly wire: Pick<Wire, "punish">;
  readonly client: Client;
  readonly claims: Pick<Claims, "holders" | "noteWithheld" | "noteKept">;
  readonly peers: Pick<Peers, "stallsOf" | "noteStall" | "noteServed">;
  readonly clock: Clock;
  readonly log: Log;
  /** A block that is in the tree, and whether its check found it forged; undefined for one that is not. */
  readonly held: (id: Uint8Array) => Promise<{ readonly isForged: boolean } | undefined>;
  readonly importBlock: (block: Decoded<Block>, origin: PeerOrigin) => Promise<Verdict>;
  /** Whether an honest peer may stand on a block that is refused like this. */
  readonly isExcusable: (verdict: Verdict) => boolean;
  /** Called before the blocks of a branch from a height on are brought here; they are once it resolves. */
  readonly prepare: (branch: Branch, from: number, ids: readonly Uint8Array[]) => Promise<void>;
}

interface Span {
  /** Height of the first block. */
  readonly at: number;
  readonly count: number;
}

interface Lot {
  readonly peer: string;
  readonly blocks: readonly Decoded<Block>[];
}

/** `taken`: to its present end. `refused`: a block of it does not stand here. `withheld`: nobody serves the next. `waits`: it has no room yet. */
export type Pursued = "taken" | "refused" | "withheld" | "waits";

export class Pursuit {
  readonly #deps: PursuitDeps;
  readonly #signal: AbortSignal;
  readonly #refused = new Lru<string, true>(MAX_REFUSED);
  /** Blocks that are on their way for some branch: another that shares them waits. */
  readonly #coming = new Map<string, Promise<unknown>>();

  constructor(deps: PursuitDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** To the branch's present end: its peer may show more of it meanwhile. */
  async run(branch: Branch): Promise<Pursued> {
    /** Peers that served what the header does not stand for. */
    const unfit = new Set<string>();
    for (let count = 1; !this.#signal.aborted; ) {
      const at = await this.#firstMissing(branch);
      if (branch.dead) return "refused";
      const id = branch.at(at);
      if (id === undefined) return this.#kept(branch);
      const coming = this.#coming.get(toHex(id));
      if (coming !== undefined) await coming;
      else {
        const ended = await this.#bring(branch, { at, count }, unfit);
        if (ended !== undefined) return ended;
        count = LOT_BLOCKS;
      }
    }
    return "waits";
  }

  #kept({ point, height }: Branch): Pursued {
    for (const peer of this.#deps.claims.holders(point.tipId, height)) this.#deps.claims.noteKept(peer);
    return "taken";
  }

  /** Of a chain whose blocks are here up to some height: the next one. A parent is always here. */
  async #firstMissing(branch: Branch): Promise<number> {
    let here = branch.base.height;
    for (let missing = branch.height + 1; missing - here > 1; ) {
      const middle = (here + missing) >> 1;
      const held = await this.#deps.held(branch.at(middle) as Uint8Array);
      branch.dead ||= held?.isForged === true;
      if (held !== undefined) here = middle;
      else missing = middle;
    }
    return here + 1;
  }

  /** One lot; undefined when the next may be asked for. */
  async #bring(branch: Branch, { at, count }: Span, unfit: Set<string>): Promise<Pursued | undefined> {
    const ids = branch.slice(at, count);
    const names = ids.map(toHex);
    branch.dead = names.some((name) => this.#refused.has(name));
    if (branch.dead) return "refused";
    const prepared = this.#deps.prepare(branch, at, ids);
    const fetched = prepared.then(() => this.#fetch(ids, at, unfit));
    const brought = fetched.then((lot) =>
      lot === undefined ? this.#withheld(ids, at) : this.#takeIn(branch, lot, unfit),
    );
    for (const name of names) this.#coming.set(name, brought);
    return brought.finally(() => {
      for (const name of names) this.#coming.delete(name);
    });
  }

  #withheld([first]: readonly Uint8Array[], height: number): Pursued {
    for (const peer of this.#deps.claims.holders(first as Uint8Array, height)) this.#deps.claims.noteWithheld(peer);
    return "withheld";
  }

  /** As many of the blocks as one answer brings; undefined when nobody serves the first. */
  async #fetch(ids: readonly Uint8Array[], at: number, unfit: ReadonlySet<string>): Promise<Lot | undefined> {
    const { claims, peers, clock } = this.#deps;
    // A single block is cheap enough to try somebody new.
    const [least, afterMs] = ids.length === 1 ? [0, FIRST_MS] : [-1, LOT_MS];
    const stalls = (peer: string): number => Math.max(least, peers.stallsOf(peer));
    const ask: Parameters<typeof hedged<Decoded<Block>[]>>[1] = (peer, signal) => this.#ask(peer, ids, signal);
    const holders = (): string[] => claims.holders(ids[0] as Uint8Array, at).filter((peer) => !unfit.has(peer));
    const options = { clock, afterMs, doubles: true, signal: this.#signal };
    const won = await hedged(() => inTurn(holders(), at, stalls), ask, options);
    for (const peer of won?.slow ?? []) peers.noteStall(peer);
    if (won === undefined) return undefined;
    peers.noteServed(won.peer);
    return { peer: won.peer, blocks: won.answer };
  }

  async #ask(peer: string, ids: readonly Uint8Array[], signal: AbortSignal): Promise<Decoded<Block>[] | undefined> {
    const { client, peers, wire, log } = this.#deps;
    try {
      const blocks = await fetchBlocks(client, peer, ids, { signal });
      if (blocks.length > 0) return blocks;
      peers.noteStall(peer);
    } catch (error) {
      if (signal.aborted) return undefined;
      if (isMalformed(error)) wire.punish(peer, error.message);
      if (!(error instanceof PouwError && error.code === "WIRE_FAILED")) peers.noteStall(peer);
      log.debug({ peer, reason: messageOf(error) }, "a peer failed to serve blocks");
    }
    return undefined;
  }

  /** Takes blocks in until one is refused; undefined when all were taken, or another peer may have the right one. */
  async #takeIn(branch: Branch, { peer, blocks }: Lot, unfit: Set<string>): Promise<Pursued | undefined> {
    for (const block of blocks) {
      const verdict = await this.#deps.importBlock(block, fromPeer(peer));
      if (verdict.kind === "accept") continue;
      this.#deps.log.debug({ peer, height: block.value.header.height, reason: verdict.reason }, "a block was refused");
      if (WAITS.has(verdict.code)) return "waits";
      if (this.#deps.isExcusable(verdict)) {
        this.#refused.set(toHex(block.id), true);
        branch.dead = true;
        return "refused";
      }
      if (verdict.kind === "reject") this.#deps.wire.punish(peer, verdict.reason);
      unfit.add(peer);
      return undefined;
    }
    return undefined;
  }
}

/** Of the peers that stalled least each is first in its turn; the others follow. `peers` are in order of stalls. */
function inTurn(peers: readonly string[], turn: number, stallsOf: (peer: string) => number): string[] {
  const [first] = peers;
  if (first === undefined) return [];
  const best = peers.filter((peer) => stallsOf(peer) === stallsOf(first));
  const at = turn % best.length;
  return [...best.slice(at), ...best.slice(0, at), ...peers.slice(best.length)];
}
