// Catches up with heavier chains, headers first: `claims.ts` has every peer that claims more show its headers, `pursuit.ts` brings the blocks
// of what they show, several branches at once, so that no peer can hold up another's (protocol section 10).
import { messageOf, toBigInt } from "../../base/index.ts";
import type { Clock } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";
import type { Branch } from "./branch.ts";
import { Claims, type ClaimsDeps } from "./claims.ts";
import { Pursuit, type PursuitDeps } from "./pursuit.ts";
import { within } from "./within.ts";

/** Branches that are brought here at once. */
const MAX_PURSUED = 16;
/** While checks are owed for what came in, one must end within this, ms. */
const CHECK_MS = 60_000;
/** Before so many blocks are brought here, the headers that a peer is showing are waited for: the longer a chain, the smaller a sample of it will do. */
const LONG_BLOCKS = 64;
/** But not for longer than this, ms. */
const SHOWN_MS = 3_000;
/** What could not be brought here is tried again after this, ms. */
const RETRY_MS = 5_000;

/** A block that enough others vouch for, though it is not here, at a height that one of them gave. */
export interface Vouched {
  readonly id: Uint8Array;
  readonly height: number;
}

/** What a node that goes by others' words hears of blocks that are not here: they speak for all below. */
export interface Foresight {
  readonly vouched: () => readonly Vouched[];
  /** Blocks that lead to one that they vouch for, it included. */
  readonly foretell: (ids: readonly Uint8Array[]) => void;
}

export interface SyncDeps extends ClaimsDeps, Omit<PursuitDeps, "claims" | "peers" | "prepare"> {
  readonly peers: ClaimsDeps["peers"] & PursuitDeps["peers"];
  readonly clock: Clock;
  readonly events: EventBus;
  readonly head: () => { readonly id: Uint8Array; readonly height: number; readonly work: bigint };
  /** Whether this node moves a task's parameters itself, and so needs the deltas of every block. */
  readonly needsDeltas: boolean;
  /** Whether this node owes checks for blocks that are here. */
  readonly owes: () => boolean;
  /** How far a segment that is checked by sample has come, and whether it shows to be trained; undefined where there is none. */
  readonly segment: () => { readonly height: number; readonly moves: boolean } | undefined;
  /** Blocks of a branch are to be brought here from a height on; they are once it resolves. */
  readonly sample: (branch: Branch, from: number) => Promise<void>;
  /** Undefined on a node that runs every block's unit itself. */
  readonly foresight: Foresight | undefined;
}

export class Sync {
  readonly #deps: SyncDeps;
  readonly #signal: AbortSignal;
  readonly #claims: Claims;
  readonly #pursuit: Pursuit;
  readonly #running = new Map<Branch, Promise<void>>();
  /** Branches that could not be brought here just now. */
  readonly #resting = new Set<Branch>();
  /** The lowest block that no peer keeps any more, as was told last. */
  #missing: number | undefined;
  /** Where the head stood when the first of the present pursuits began. */
  #from: { readonly height: number; readonly work: bigint } | undefined;

  constructor(deps: SyncDeps, options: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = options.signal;
    this.#claims = new Claims(deps, options);
    const prepare: PursuitDeps["prepare"] = async (branch, from, ids) => {
      this.#foretell(branch, from, ids);
      if (branch.height - from >= LONG_BLOCKS && deps.segment() === undefined) await this.#shown();
      await deps.sample(branch, from);
    };
    this.#pursuit = new Pursuit({ ...deps, claims: this.#claims, prepare }, options);
    deps.events.on("head", () => {
      this.#tell();
      this.#tellPast();
    });
    deps.events.on("peer", ({ connected }) => {
      if (!connected) this.#tellPast();
    });
    // Of a segment nothing leads until all of it is here.
    deps.events.on("pending", () => {
      if (deps.segment() !== undefined) this.#tell();
    });
  }

  /** The height of the heaviest chain that a peer's headers show; undefined where that is ours. */
  get target(): number | undefined {
    return this.#best()?.height;
  }

  #best(): Branch | undefined {
    const [first, ...others] = this.#standing();
    return others.reduce(
      (best, other) => (other.branch.point.work > best.point.work ? other.branch : best),
      first?.branch as Branch,
    );
  }

  #standing(): { readonly peer: string; readonly branch: Branch }[] {
    return this.#claims.heavier().filter(({ branch }) => this.#mayStand(branch));
  }

  /** Not known to be refused, and not one that nobody serves. */
  #mayStand(branch: Branch): boolean {
    return !branch.dead && !this.#resting.has(branch) && !this.#deps.recent(branch.point.tipId)?.isForged;
  }

  /** Looks for heavier chains among what peers said last; what is under way goes on. */
  requestSync(): void {
    if (this.#signal.aborted) return;
    this.#claims.look(() => this.#pursue());
    this.#pursue();
  }

  /** Whether a peer is being asked, or a branch being brought here. */
  get busy(): boolean {
    return this.#claims.busy || this.#running.size > 0;
  }

  /** Resolves when nothing is being fetched. */
  async idle(): Promise<void> {
    for (let before = -1; before !== 0; ) {
      await this.#claims.idle();
      before = this.#running.size;
      await Promise.all(this.#running.values());
    }
  }

  /** Starts to bring here what is heavier and not on its way. */
  #pursue(): void {
    if (this.#signal.aborted) return;
    this.#tellPast();
    for (const branch of this.#heavier()) {
      if (this.#running.size >= MAX_PURSUED) return;
      const covered = (other: Branch): boolean => other === branch || other.holds(branch.point.tipId, branch.height);
      if ([...this.#running.keys()].some(covered)) continue;
      this.#from ??= this.#deps.head();
      const run = this.#bring(branch).finally(() => {
        this.#running.delete(branch);
        if (this.#running.size === 0) this.#end();
        this.requestSync();
      });
      this.#running.set(branch, run);
      this.#tell();
    }
  }

  /** What is to be brought here, those first whose peers stalled least, of these the heaviest. */
  #heavier(): Branch[] {
    const { peers, recent } = this.#deps;
    return this.#standing()
      .filter(
        ({ peer, branch }) => recent(branch.point.tipId) === undefined && this.#keeps(peer) <= this.#lacks(branch),
      )
      .sort(
        (a, b) =>
          peers.stallsOf(a.peer) - peers.stallsOf(b.peer) || (b.branch.point.work > a.branch.point.work ? 1 : -1),
      )
      .map(({ branch }) => branch);
  }

  /** The lowest block of a branch that is not here, as far as the head tells. */
  #lacks(branch: Branch): number {
    const { id, height } = this.#deps.head();
    return (branch.holds(id, height) ? height : branch.base.height) + 1;
  }

  /** The lowest block that a peer keeps all for that this node needs. */
  #keeps(peer: string): number {
    return this.#deps.needsDeltas ? (this.#deps.peers.get(peer)?.oldest ?? 0) : 0;
  }

  /**
   * Says when everybody is ahead and let go of what is needed to get there, and when blocks of one that has it come. One that stands where
   * this node does proves nothing is amiss: headers alone are cheap to show, and to say that one keeps all is cheaper still.
   */
  #tellPast(): void {
    const { peers, events, log } = this.#deps;
    const lacking = this.#standing().filter(({ peer, branch }) => this.#keeps(peer) > this.#lacks(branch));
    const told = new Set(lacking.map(({ peer }) => peer));
    const all = told.size > 0 && peers.ranked().every((peer) => told.has(peer));
    const from = Math.min(...lacking.map(({ branch }) => this.#lacks(branch)));
    const missing = all ? { from, to: Math.min(...lacking.map(({ peer }) => this.#keeps(peer))) - 1 } : undefined;
    if (missing?.from === this.#missing || (missing === undefined && this.#areAhead() && !this.#moves())) return;
    this.#missing = missing?.from;
    if (missing !== undefined) log.warn(missing, "no peer keeps the deltas of these blocks any more");
    events.emit("past", { missing });
  }

  /** Whether every peer says that it is, and there is one. */
  #areAhead(): boolean {
    const { peers, head } = this.#deps;
    const works = peers.ranked().map((peer) => toBigInt(peers.get(peer)?.work ?? new Uint8Array()));
    return works.length > 0 && works.every((work) => work > head().work);
  }

  /** Whether the chain moves by what is brought here. */
  #moves(): boolean {
    const { head, segment } = this.#deps;
    return this.#from !== undefined && (head().work > this.#from.work || segment()?.moves === true);
  }

  async #bring(branch: Branch): Promise<void> {
    const { log, clock } = this.#deps;
    try {
      const pursued = await this.#pursuit.run(branch);
      if (pursued === "taken") return await this.#checked(branch);
      log.debug({ height: branch.height, pursued }, "a branch was not brought here");
    } catch (error) {
      if (!this.#signal.aborted) log.warn({ reason: messageOf(error) }, "sync stopped");
    }
    this.#resting.add(branch);
    const cancel = clock.after(RETRY_MS, () => {
      this.#signal.removeEventListener("abort", cancel);
      this.#resting.delete(branch);
    });
    this.#signal.addEventListener("abort", cancel, { once: true });
  }

  /** Waits until what came in is checked: training rests that long. */
  async #checked({ point }: Branch): Promise<void> {
    const { clock, events, head, owes } = this.#deps;
    while (!this.#signal.aborted && owes() && head().work < point.work) {
      const next = within(clock, CHECK_MS, this.#signal, (signal) => events.next("checked", () => true, { signal }));
      if ((await next.catch(() => undefined)) === undefined) return;
    }
  }

  /** Resolves when no peer shows headers just now, or does for too long. */
  #shown(): Promise<void> {
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      const cancel = clock.after(SHOWN_MS, resolve);
      void this.#claims.idle().then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** `moves`: training rests while the chain moves, not for headers, nor while somebody repeats what is known. */
  #tell(): void {
    const head = this.#deps.head();
    const from = this.#from;
    if (from === undefined) return;
    const segment = this.#deps.segment();
    const height = Math.max(head.height, segment?.height ?? 0);
    const target = Math.max(height, ...[...this.#running.keys()].map((branch) => branch.height));
    const progress = Math.min(1, Math.max(0, (height - from.height) / Math.max(1, target - from.height)));
    this.#deps.events.emit("sync", { progress, target, moves: this.#moves() });
  }

  #end(): void {
    this.#from = undefined;
    this.#deps.events.emit("sync", { progress: undefined, target: 0, moves: false });
  }

  /** Has what leads to a block that others vouched for known before it is taken in. */
  #foretell(branch: Branch, from: number, ids: readonly Uint8Array[]): void {
    const { foresight } = this.#deps;
    if (foresight === undefined) return;
    const heights = foresight.vouched().flatMap(({ id, height }) => (branch.holds(id, height) ? [height] : []));
    foresight.foretell(ids.slice(0, Math.max(0, Math.max(0, ...heights) - from + 1)));
  }
}
