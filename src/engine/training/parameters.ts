// The one step that makes P(t+1) from P(t) and the contributions of a record: deltas checked, combined by the task's rule, digests compared (protocol section 3).
import {
  ACCEPT,
  bytesEqual,
  ignore,
  isMalformed,
  Lru,
  messageOf,
  type Refusal,
  reject,
  toHex,
  type Verdict,
} from "../../base/index.ts";
import type { Contribution } from "../../codec/index.ts";
import { AGGREGATION_RULES, applyDelta, DELTA_CODECS, parametersDigest } from "../../ml/index.ts";
import { checkNext, lagOf, type Move, type Task } from "../../work/index.ts";
import { inTurns, rest } from "../turns.ts";
import type { Deltas } from "./deltas.ts";
import type { ParameterStore } from "./parameter-store.ts";
import { Spares } from "./spares.ts";

/** Parameters whose delta is decoded and followed in a piece of work. */
const PIECE = 2500;

/** The length is part of it: a contribution that lies about its delta's length is one whose delta nobody followed. */
const endKey = (start: Uint8Array, delta: Pick<Contribution, "deltaHash" | "deltaBytes">): string =>
  `${toHex(start)}/${toHex(delta.deltaHash)}/${delta.deltaBytes}`;

/** How deltas are had: whom to ask first, and until when. */
export interface Pulling {
  readonly hints: readonly string[];
  readonly signal: AbortSignal;
}

/** What a move is made of, before it leads anywhere. */
export type Weighed = Pick<Move, "round" | "contributions" | "winning">;

export interface Combined {
  readonly kind: "combined";
  readonly next: Float32Array;
  readonly digest: Uint8Array;
}

/** A delta that leads where its contribution says. */
interface Followed {
  readonly kind: "followed";
  /** Where it leads, if that was asked for. */
  readonly end: Float32Array | undefined;
}

/** A unit that ran here. */
export interface UnitEnd extends Pick<Contribution, "deltaHash" | "deltaBytes"> {
  readonly digest: Uint8Array;
  readonly end: Float32Array;
}

export class Parameters {
  readonly store: ParameterStore;
  readonly #task: Task;
  readonly #deltas: Deltas;
  /** Where a delta leads from a start state: what a unit run here, or one decoded before, already showed. */
  readonly #ends = new Lru<string, Uint8Array>(256);
  readonly #spares: Spares;
  /** Where the end of a delta is written that only its digest is wanted of. */
  readonly #scratch: Float32Array;

  constructor(task: Task, { store, deltas }: { readonly store: ParameterStore; readonly deltas: Deltas }) {
    this.#task = task;
    this.store = store;
    this.#deltas = deltas;
    this.#spares = new Spares(task.parameterCount);
    this.#scratch = new Float32Array(task.parameterCount);
  }

  /** The set with this digest, if it is here. */
  get(digest: Uint8Array): Promise<Float32Array | undefined> {
    return this.store.get(digest);
  }

  /** Keeps the result of a unit that ran here from `start`. */
  learn(start: Uint8Array, unit: UnitEnd): void {
    this.store.put(unit.digest, unit.end);
    this.#ends.set(endKey(start, unit), unit.digest);
  }

  /**
   * Computes P(round + 1) from P(round) and keeps it. accept: it is what the record says.
   * reject: it is not, or a delta is malformed. ignore: P(round) or a delta could not be had.
   */
  async advance(start: Uint8Array, move: Move, pulling: Pulling): Promise<Verdict> {
    const result = await this.combine(start, move, pulling);
    return result.kind === "combined" ? checkNext(move, result.digest) : result;
  }

  /**
   * The same of a move that was judged before: its deltas are added up unseen, since the sets that late ones started from may be gone.
   * What comes out is compared all the same.
   */
  async retrace(start: Uint8Array, move: Move, pulling: Pulling): Promise<Verdict> {
    const base = await this.get(start);
    if (base === undefined) return ignore("no-parameters");
    const encoded = await this.#deltasOf(move.contributions, pulling);
    if (encoded === undefined) return ignore("no-delta");
    return this.#spares.lend(async (take) => {
      const deltas: Int32Array[] = [];
      for (const bytes of encoded) {
        const delta = this.#decode(bytes, take());
        if (!(delta instanceof Int32Array)) return delta;
        await rest(delta.length / (2 * PIECE));
        deltas.push(delta);
      }
      const lone = loneOf(move.contributions, start);
      const end = lone && added(this.#task, base, deltas[0] as Int32Array);
      const combined = end === undefined ? await this.#sum(base, move, deltas) : this.#keep(end);
      return checkNext(move, combined.digest);
    });
  }

  /** Combines a move's contributions over P(round): the next set and its digest (kept), or why not. */
  async combine(start: Uint8Array, move: Weighed, pulling: Pulling): Promise<Combined | Refusal> {
    const { contributions } = move;
    const known = await this.#knownNext(start, move);
    if (known !== undefined) return known;
    const base = await this.get(start);
    if (base === undefined) return ignore("no-parameters", toHex(start).slice(0, 16));
    const encoded = await this.#deltasOf(contributions, pulling);
    if (encoded === undefined) return ignore("no-delta");
    const lone = loneOf(contributions, start);
    return this.#spares.lend(async (take) => {
      const deltas: Int32Array[] = [];
      for (const [i, bytes] of encoded.entries()) {
        const delta = take();
        const into = { delta, end: lone !== undefined };
        const followed = await this.#followDelta(contributions[i] as Contribution, bytes, into);
        if (followed.kind !== "followed") return followed;
        await rest(delta.length / PIECE);
        if (lone !== undefined && followed.end !== undefined) return this.#arrived(lone, followed.end);
        deltas.push(delta);
      }
      return this.#sum(base, move, deltas);
    });
  }

  /** A lone contribution leads to its own end, of which the digest was seen. */
  #arrived({ digest }: Contribution, next: Float32Array): Combined {
    this.store.put(digest, next);
    return { kind: "combined", next, digest };
  }

  /** A single contribution that starts where the record does and is on time leads to its own end; that of an own unit is here. */
  async #knownNext(start: Uint8Array, { contributions }: Weighed): Promise<Combined | undefined> {
    const only = loneOf(contributions, start);
    const next = only === undefined ? undefined : await this.#knownEnd(only);
    return only === undefined || next === undefined ? undefined : { kind: "combined", next, digest: only.digest };
  }

  async #deltasOf(contributions: readonly Contribution[], pulling: Pulling): Promise<Uint8Array[] | undefined> {
    const all = await Promise.all(contributions.map((c) => this.#deltas.get(c, pulling.hints, pulling)));
    return all.includes(undefined) ? undefined : (all as Uint8Array[]);
  }

  async #sum(base: Float32Array, move: Weighed, deltas: readonly Int32Array[]): Promise<Combined> {
    const weighted = deltas.map((delta, i) => ({ delta, lag: lagOf(move, move.contributions[i] as Contribution) }));
    return this.#keep(await inTurns(AGGREGATION_RULES[this.#task.aggregation](this.#task, base, weighted)));
  }

  #keep(next: Float32Array): Combined {
    const digest = parametersDigest(this.#task, next);
    this.store.put(digest, next);
    return { kind: "combined", next, digest };
  }

  /** Whether a contribution's delta is well-formed and leads from its start to its digest. ignore: the start is not here. */
  async checkDelta(contribution: Contribution, bytes: Uint8Array): Promise<Verdict> {
    if ((await this.#knownEnd(contribution)) !== undefined) return ACCEPT;
    return this.#spares.lend(async (take) => {
      const followed = await this.#followDelta(contribution, bytes, { delta: take(), end: false });
      return followed.kind === "followed" ? ACCEPT : followed;
    });
  }

  /** `into`: the array for the delta, and whether its end is wanted. */
  async #followDelta(
    c: Contribution,
    bytes: Uint8Array,
    into: { readonly delta: Int32Array; readonly end: boolean },
  ): Promise<Followed | Refusal> {
    if (bytes.length !== c.deltaBytes) return reject("wrong-delta", `it has ${bytes.length} bytes`);
    const key = endKey(c.startDigest, c);
    const known = this.#ends.get(key);
    const base = known === undefined || into.end ? await this.get(c.startDigest) : undefined;
    const delta = this.#decode(bytes, into.delta);
    if (!(delta instanceof Int32Array)) return delta;
    // Nothing is waited for from here on: others write to the same place.
    const end = base === undefined ? undefined : added(this.#task, base, delta, into.end ? undefined : this.#scratch);
    if (base !== undefined && end === undefined) return reject("bad-delta", "it leaves the parameters' grid");
    const digest = known ?? (end && parametersDigest(this.#task, end));
    if (digest === undefined) return ignore("no-parameters", "the contribution's start");
    this.#ends.set(key, digest);
    if (!bytesEqual(digest, c.digest)) return reject("wrong-delta", `it leads to ${toHex(digest).slice(0, 16)}`);
    return { kind: "followed", end: into.end ? end : undefined };
  }

  #decode(bytes: Uint8Array, into: Int32Array): Int32Array | Refusal {
    try {
      return DELTA_CODECS[this.#task.codec].decode(this.#task, bytes, into);
    } catch (error) {
      return reject("bad-delta", messageOf(error));
    }
  }

  /** The end state of a contribution whose delta was followed before, if it is still here. */
  async #knownEnd(c: Contribution): Promise<Float32Array | undefined> {
    const end = this.#ends.get(endKey(c.startDigest, c));
    return end !== undefined && bytesEqual(end, c.digest) ? this.get(c.digest) : undefined;
  }
}

/** The only contribution, where it starts from the record's own state. */
function loneOf([only, more]: readonly Contribution[], start: Uint8Array): Contribution | undefined {
  return only !== undefined && more === undefined && bytesEqual(only.startDigest, start) ? only : undefined;
}

/** Undefined when a sum leaves the grid: no unit ends there. */
function added(task: Task, base: Float32Array, delta: Int32Array, into?: Float32Array): Float32Array | undefined {
  try {
    return applyDelta(task, base, delta, into);
  } catch (error) {
    if (isMalformed(error)) return undefined;
    throw error;
  }
}
