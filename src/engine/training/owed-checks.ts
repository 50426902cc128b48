// The checks that are owed for blocks taken in: bounded by who made and who brought them, ordered by who answers for them (protocol section 5).
import { Lru, Shares, toHex } from "../../base/index.ts";

/** Blocks of authors without collateral that may be owed a check: of one author, and by who brings them, announced and here. Beyond, a block waits at its sender. */
const PER_AUTHOR = 2;
const ANNOUNCED = { perPeer: 4, perGroup: 8, inAll: 256 };
const HERE = { perPeer: 4, perGroup: 8, inAll: 16 };
/** IP groups whose wasted time is remembered. */
const MAX_GROUPS = 1024;

/** Who answers for a block: its author's collateral, nobody, or somebody who forged another. */
export type Rank = "backed" | "unbacked" | "banned";
const ORDER: readonly Rank[] = ["backed", "unbacked", "banned"];

export interface OwedCheck {
  readonly id: Uint8Array;
  readonly height: number;
  /** Address of the author, hex. */
  readonly author: string;
  /** Peer id of the connection that brought it; undefined where that is not known any more. */
  readonly from: string | undefined;
  readonly rank: Rank;
}

/** `coming`: its place is kept while the block is fetched; `waiting`: it is here, and others decide or it is put off; `ready`: to be run; `running`. */
interface Place {
  readonly check: OwedCheck;
  /** Connections that bring it. */
  readonly bearers: Set<string | undefined>;
  phase: "coming" | "waiting" | "ready" | "running";
  /** Gives back what it takes of its first bearer's shares. */
  readonly leave: (() => void)[];
}

/** Whose share a block is of that was here when the node started. */
const sharer = ({ from }: OwedCheck): string => from ?? "";

export class OwedChecks {
  readonly #places = new Map<string, Place>();
  readonly #announced: Shares;
  readonly #here: Shares;
  readonly #groupOf: (peer: string) => string;
  /** IP group -> ms of checks that found its blocks forged. */
  readonly #wasted = new Lru<string, number>(MAX_GROUPS);
  readonly #waiters = new Set<() => void>();

  constructor(groupOf: (peer: string) => string) {
    this.#groupOf = groupOf;
    this.#announced = new Shares(ANNOUNCED, groupOf);
    this.#here = new Shares(HERE, groupOf);
  }

  /** Places of blocks that are here: announcing one costs nothing, and must hold up nobody. */
  get size(): number {
    return [...this.#places.values()].filter(({ phase }) => phase !== "coming").length;
  }

  has(id: Uint8Array): boolean {
    return this.#places.has(toHex(id));
  }

  /** Whether a check is to be run, or runs: being ready anew changes nothing. */
  isReady(id: Uint8Array): boolean {
    const phase = this.#places.get(toHex(id))?.phase;
    return phase === "ready" || phase === "running";
  }

  /**
   * Keeps a place for a block that is to be taken in; false when there is none for it, or it has one. While it is not here another connection
   * may bring it too: who announced it first need not serve it.
   */
  reserve(check: OwedCheck): boolean {
    const place = this.#places.get(toHex(check.id));
    if (place !== undefined) {
      if (place.phase !== "coming" || place.bearers.has(check.from)) return false;
      place.bearers.add(check.from);
      return true;
    }
    const leave = this.#roomFor(check);
    if (leave === undefined) return false;
    this.#places.set(toHex(check.id), { check, bearers: new Set([check.from]), phase: "coming", leave: [leave] });
    return true;
  }

  /** A place of a block that is not here, which takes none of those that all share. */
  #roomFor(check: OwedCheck): (() => void) | undefined {
    if (check.rank === "backed") return () => undefined;
    const others = [...this.#places.values()].filter((place) => place.check.rank !== "backed");
    if (others.filter((place) => place.check.author === check.author).length >= PER_AUTHOR) return undefined;
    return this.#here.hasRoom(sharer(check)) ? this.#announced.take(sharer(check)) : undefined;
  }

  /** The block and all that belongs to it is here: whether its place is one for good. */
  arrived(id: Uint8Array): boolean {
    const place = this.#places.get(toHex(id));
    if (place?.phase !== "coming") return true;
    if (place.check.rank !== "backed") {
      const leave = this.#here.take(sharer(place.check));
      if (leave === undefined) return false;
      place.leave.push(leave);
    }
    place.phase = "waiting";
    return true;
  }

  /** A connection does not bring the block after all; its place goes with the last that would. */
  giveUp(id: Uint8Array, from: string | undefined): void {
    const bearers = this.#places.get(toHex(id))?.bearers;
    bearers?.delete(from);
    if (bearers?.size === 0) this.release(id);
  }

  /** The check can be run. One that has no place gets one: its block is here already. */
  ready(check: OwedCheck): void {
    const place = this.#places.get(toHex(check.id));
    if (place === undefined) {
      const leave = check.rank === "backed" ? undefined : this.#here.take(sharer(check));
      const bearers = new Set([check.from]);
      this.#places.set(toHex(check.id), { check, bearers, phase: "ready", leave: leave === undefined ? [] : [leave] });
    } else if (place.phase !== "running") place.phase = "ready";
  }

  /** The next check to run, of backed authors only if so asked: of these first; then of the IP group that wasted least; of those the lowest. It keeps its place. */
  take({ onlyBacked = false } = {}): OwedCheck | undefined {
    let next: Place | undefined;
    for (const place of this.#places.values())
      if (place.phase === "ready" && (next === undefined || this.#compare(place.check, next.check) < 0)) next = place;
    if (onlyBacked && next?.check.rank !== "backed") return undefined;
    if (next !== undefined) next.phase = "running";
    return next?.check;
  }

  #compare(a: OwedCheck, b: OwedCheck): number {
    const waste = (check: OwedCheck): number => (check.rank === "backed" ? 0 : this.#wastedBy(check.from));
    return ORDER.indexOf(a.rank) - ORDER.indexOf(b.rank) || waste(a) - waste(b) || a.height - b.height;
  }

  #wastedBy(from: string | undefined): number {
    return from === undefined ? 0 : (this.#wasted.get(this.#groupOf(from)) ?? 0);
  }

  /** A check that could not be run keeps its place, and is ready again with the next `ready`. */
  putOff({ id }: OwedCheck): void {
    const place = this.#places.get(toHex(id));
    if (place !== undefined) place.phase = "waiting";
  }

  /** A check was for nothing: what its IP group brings comes later. */
  noteWaste({ from }: OwedCheck, ms: number): void {
    if (from !== undefined) this.#wasted.set(this.#groupOf(from), this.#wastedBy(from) + ms);
  }

  release(id: Uint8Array): void {
    const place = this.#places.get(toHex(id));
    if (place === undefined) return;
    this.#places.delete(toHex(id));
    for (const leave of place.leave) leave();
    for (const wake of [...this.#waiters]) wake();
  }

  /** Gives up the places of blocks below a height that are not to be run here: nobody decided on them, and the chain went on. */
  expire(height: number): void {
    for (const { check, phase } of [...this.#places.values()])
      if ((phase === "coming" || phase === "waiting") && check.height < height) this.release(check.id);
  }

  /** Gives up the places of which `drops` says so, but not those of checks that run. */
  drop(drops: (check: OwedCheck) => boolean): void {
    for (const { check, phase } of [...this.#places.values()])
      if (phase !== "running" && drops(check)) this.release(check.id);
  }

  /** Resolves when a place was given up, or with the signal. */
  changed(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      // Whoever waits asks again after each place, with one signal: nothing of the last time may stay.
      const wake = (): void => {
        this.#waiters.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
