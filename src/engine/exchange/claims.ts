// What peers claim to have, as far as their headers show it: each that claims more work than we have is asked by itself, so nobody waits for
// another. Whoever goes on claiming what it does not show is punished (protocol section 10).
import {
  bytesEqual,
  isMalformed,
  Lru,
  messageOf,
  PouwError,
  type Refusal,
  type Steps,
  toBigInt,
} from "../../base/index.ts";
import type { ChainPoint } from "../../chain/index.ts";
import { type Header, MAX_HEADERS_PER_REPLY, type PeerStatus } from "../../codec/index.ts";
import type { Followed } from "../../consensus/index.ts";
import type { Log, Wire } from "../../ports/index.ts";
import { inTurns } from "../turns.ts";
import { fetchHeaders } from "./block-requests.ts";
import { Branch } from "./branch.ts";
import type { Client } from "./client.ts";
import type { Peers } from "./peers.ts";

/** Work of a header, its signature included, in pieces of some 0.1 ms. */
const HEADER_PIECES = 3;
/** Peers that are asked for headers at once. */
const MAX_ASKED = 16;
/** Times in a row that a peer may be silent before it showed what it claims; that its chain may move, or its connection break. */
const MAX_SILENT = 3;
const MAX_MOVED = 10;

export interface ClaimsDeps {
  readonly wire: Pick<Wire, "punish">;
  readonly client: Client;
  readonly peers: Pick<Peers, "get" | "ranked" | "noteStall">;
  readonly log: Log;
  readonly head: () => { readonly work: bigint };
  /** A recent block that is here, on whatever branch, and whether its check found it forged. */
  readonly recent: (id: Uint8Array) => { readonly work: bigint; readonly isForged: boolean } | undefined;
  /** Blocks of our best chain in doubling strides from the head down, genesis included. */
  readonly known: () => Promise<readonly Uint8Array[]>;
  /** What stands after a block that is here. */
  readonly pointOf: (id: Uint8Array) => Promise<ChainPoint>;
  /** The point after a header that may follow another, or the refusal. */
  readonly follow: (at: ChainPoint, header: Header) => Followed | Refusal;
}

/** How a peer's claim was looked into. */
type Outcome = "shown" | "silent" | "broken" | "ended";

export class Claims {
  readonly #deps: ClaimsDeps;
  readonly #signal: AbortSignal;
  readonly #branches = new Map<string, Branch>();
  readonly #asking = new Map<string, Promise<void>>();
  /** What each peer said when it was last asked: its next word has it asked again. */
  readonly #heard = new Lru<string, PeerStatus>(256);
  /** What peers claimed and did not show, and how often in a row they were excused. */
  readonly #doubted = new Lru<string, bigint>(256);
  readonly #excused = new Lru<string, number>(256);

  constructor(deps: ClaimsDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Branches shown so far that outweigh the head, each with a peer that showed it. */
  heavier(): { readonly peer: string; readonly branch: Branch }[] {
    const own = this.#deps.head().work;
    const found: { peer: string; branch: Branch }[] = [];
    for (const [peer, branch] of this.#branches) {
      if (this.#deps.peers.get(peer) !== undefined && branch.point.work > own) found.push({ peer, branch });
      else if (!this.#asking.has(peer)) this.#branches.delete(peer);
    }
    return found;
  }

  /** Peers whose branch holds a block, those to be asked first first. */
  holders(id: Uint8Array, height: number): string[] {
    return this.#deps.peers.ranked().filter((peer) => this.#branches.get(peer)?.holds(id, height));
  }

  /** Has those asked that claim more work than we have and said so since they were asked last. `grown` is called whenever a branch grew. */
  look(grown: () => void): void {
    for (const peer of this.#deps.peers.ranked()) {
      if (this.#signal.aborted || this.#asking.size >= MAX_ASKED) return;
      const status = this.#deps.peers.get(peer);
      if (status === undefined || this.#asking.has(peer) || !this.#isWorthAsking(peer, status)) continue;
      this.#heard.set(peer, status);
      const asked = this.#ask(peer, status, grown).finally(() => {
        this.#asking.delete(peer);
        grown();
      });
      this.#asking.set(peer, asked);
    }
  }

  #isWorthAsking(peer: string, status: PeerStatus): boolean {
    const claimed = toBigInt(status.work);
    const here = (this.#deps.recent(status.head)?.work ?? 0n) >= claimed;
    return claimed > this.#deps.head().work && !here && this.#heard.get(peer) !== status;
  }

  get busy(): boolean {
    return this.#asking.size > 0;
  }

  /** Resolves when nobody is being asked. */
  async idle(): Promise<void> {
    while (this.#asking.size > 0) await Promise.all(this.#asking.values());
  }

  async #ask(peer: string, status: PeerStatus, grown: () => void): Promise<void> {
    let outcome: Outcome;
    try {
      await this.#follow(peer, grown);
      const shown = this.#branches.get(peer)?.point.work ?? 0n;
      outcome = shown >= toBigInt(status.work) ? "shown" : "ended";
    } catch (error) {
      outcome = error instanceof PouwError && error.code === "WIRE_FAILED" ? "broken" : "silent";
      if (isMalformed(error)) this.#deps.wire.punish(peer, error.message);
      else if (outcome === "silent") this.#deps.peers.noteStall(peer);
      this.#deps.log.debug({ peer, reason: messageOf(error) }, "a peer did not show its headers");
    }
    if (!this.#signal.aborted) this.#judge(peer, status, outcome);
  }

  /** Asks for headers until the peer has no more: on from what it showed before, if its chain still stands on that. */
  async #follow(peer: string, grown: () => void): Promise<void> {
    const known = await this.#deps.known();
    for (let more = true; more && !this.#signal.aborted; ) {
      const before = this.#branches.get(peer);
      const stands = before === undefined ? known : [before.point.tipId, ...known].slice(0, known.length);
      const wanted = { known: stands, count: MAX_HEADERS_PER_REPLY };
      const headers = await fetchHeaders(this.#deps.client, peer, wanted, { signal: this.#signal });
      const [first] = headers;
      if (first === undefined) return;
      const branch = await this.#branchOf(peer, first, known);
      await inTurns(this.#appendAll(branch, headers));
      more = headers.length === wanted.count && !branch.isFull;
      if (more) grown();
    }
  }

  /** The peer's branch that a header goes on with, or a new one from a block that was named to the peer. */
  async #branchOf(peer: string, { parent }: Header, known: readonly Uint8Array[]): Promise<Branch> {
    const before = this.#branches.get(peer);
    if (before !== undefined && bytesEqual(before.point.tipId, parent)) return before;
    if (!known.some((id) => bytesEqual(id, parent)))
      throw new PouwError("BAD_ENCODING", "headers that stand on no block that was named");
    const branch = new Branch(await this.#deps.pointOf(parent));
    this.#branches.set(peer, branch);
    return branch;
  }

  *#appendAll(branch: Branch, headers: readonly Header[]): Steps<void> {
    for (const header of headers) {
      const followed = this.#deps.follow(branch.point, header);
      if (followed.kind !== "point") throw new PouwError("BAD_ENCODING", followed.reason);
      branch.append(followed.point);
      yield HEADER_PIECES;
    }
  }

  /** A peer did not serve the blocks whose headers it showed. */
  noteWithheld(peer: string): void {
    const status = this.#deps.peers.get(peer);
    this.#deps.peers.noteStall(peer);
    if (status !== undefined) this.#judge(peer, status, "silent");
  }

  /** It brought what it claims. */
  noteKept(peer: string): void {
    this.#excused.delete(peer);
  }

  /**
   * Whoever claims work that it does not show is punished if it insists: an honest peer's next word is smaller when a forged block was all
   * it had. Judged by its `status` from before it was asked. Silence, a chain that moved meanwhile and a connection that broke are excuses,
   * though not without end.
   */
  #judge(peer: string, status: PeerStatus, outcome: Outcome): void {
    const now = this.#deps.peers.get(peer);
    const claimed = toBigInt(status.work);
    if (now === undefined || outcome === "shown" || this.#branches.get(peer)?.dead) return;
    if (claimed <= (this.#deps.recent(status.head)?.work ?? this.#deps.head().work)) {
      this.noteKept(peer);
      return;
    }
    const moved = outcome === "broken" || !bytesEqual(now.work, status.work);
    const excused = (this.#excused.get(peer) ?? 0) + 1;
    this.#excused.set(peer, excused);
    if (excused < (moved ? MAX_MOVED : outcome === "silent" ? MAX_SILENT : 0)) return;
    const before = this.#doubted.get(peer);
    this.#doubted.set(peer, claimed);
    if (before !== undefined && claimed >= before)
      this.#deps.wire.punish(peer, "claims more work than its blocks hold");
  }
}
