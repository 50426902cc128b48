// The one step that makes P(t+1) from P(t) and a record: deltas checked, combined by the task's rule, digests compared (protocol section 3).
import {
  ACCEPT,
  bytesEqual,
  ignore,
  Lru,
  messageOf,
  type Refusal,
  reject,
  toHex,
  type Verdict,
} from "../../base/index.ts";
import type { Contribution, RoundRecord } from "../../codec/index.ts";
import { AGGREGATION_RULES, DELTA_CODECS, parametersDigest } from "../../ml/index.ts";
import { checkNext, type Task } from "../../work/index.ts";
import type { Deltas } from "./deltas.ts";
import type { ParameterStore } from "./parameter-store.ts";

/** The length is part of it: a contribution that lies about its delta's length is one whose delta nobody followed. */
const endKey = (start: Uint8Array, delta: Pick<Contribution, "deltaHash" | "deltaBytes">): string =>
  `${toHex(start)}/${toHex(delta.deltaHash)}/${delta.deltaBytes}`;

/** How deltas are had: whom to ask first, and until when. */
export interface Pulling {
  readonly hints: readonly string[];
  readonly signal: AbortSignal;
}

export interface Combined {
  readonly kind: "combined";
  readonly next: Float32Array;
  readonly digest: Uint8Array;
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

  constructor(task: Task, { store, deltas }: { readonly store: ParameterStore; readonly deltas: Deltas }) {
    this.#task = task;
    this.store = store;
    this.#deltas = deltas;
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
   * Computes P(round + 1) of `record` from P(round) and keeps it. accept: it is what the record says.
   * reject: it is not, or a delta is malformed. ignore: P(round) or a delta could not be had.
   */
  async advance(start: Uint8Array, record: RoundRecord, pulling: Pulling): Promise<Verdict> {
    const result = await this.combine(start, record.contributions, pulling);
    return result.kind === "combined" ? checkNext(record, result.digest) : result;
  }

  /** Combines contributions over P(round): the next set and its digest (kept), or why not. */
  async combine(
    start: Uint8Array,
    contributions: readonly Contribution[],
    pulling: Pulling,
  ): Promise<Combined | Refusal> {
    const only = contributions.length === 1 ? contributions[0] : undefined;
    const known = only === undefined ? undefined : await this.#knownEnd(start, only);
    if (only !== undefined && known !== undefined) return { kind: "combined", next: known, digest: only.digest };
    const base = await this.get(start);
    if (base === undefined) return ignore("no-parameters", toHex(start).slice(0, 16));
    const encoded = await Promise.all(contributions.map((c) => this.#deltas.get(c, pulling.hints, pulling)));
    const deltas: Int32Array[] = [];
    for (const [i, bytes] of encoded.entries()) {
      if (bytes === undefined) return ignore("no-delta");
      const delta = this.#checkDelta(base, contributions[i] as Contribution, bytes);
      if (!(delta instanceof Int32Array)) return delta;
      deltas.push(delta);
    }
    const next = this.#combined(base, deltas);
    const digest = parametersDigest(this.#task, next);
    this.store.put(digest, next);
    return { kind: "combined", next, digest };
  }

  /** Whether a contribution's delta is well-formed and leads from its start to its digest. ignore: the start is not here. */
  async checkDelta(contribution: Contribution, bytes: Uint8Array): Promise<Verdict> {
    if ((await this.#knownEnd(contribution.startDigest, contribution)) !== undefined) return ACCEPT;
    const base = await this.get(contribution.startDigest);
    if (base === undefined) return ignore("no-parameters", "the contribution's start");
    const delta = this.#checkDelta(base, contribution, bytes);
    return delta instanceof Int32Array ? ACCEPT : delta;
  }

  #combined(base: Float32Array, deltas: readonly Int32Array[]): Float32Array {
    return AGGREGATION_RULES[this.#task.aggregation](this.#task, base, deltas);
  }

  #checkDelta(base: Float32Array, c: Contribution, bytes: Uint8Array): Int32Array | Refusal {
    if (bytes.length !== c.deltaBytes) return reject("wrong-delta", `it has ${bytes.length} bytes`);
    let delta: Int32Array;
    try {
      delta = DELTA_CODECS[this.#task.codec].decode(this.#task, bytes);
    } catch (error) {
      return reject("bad-delta", messageOf(error));
    }
    const key = endKey(c.startDigest, c);
    let end = this.#ends.get(key);
    if (end === undefined) {
      end = parametersDigest(this.#task, this.#combined(base, [delta]));
      this.#ends.set(key, end);
    }
    return bytesEqual(end, c.digest) ? delta : reject("wrong-delta", `it leads to ${toHex(end).slice(0, 16)}`);
  }

  /** The end state of a contribution whose delta was followed before, if it is still here. */
  async #knownEnd(start: Uint8Array, c: Contribution): Promise<Float32Array | undefined> {
    const end = this.#ends.get(endKey(start, c));
    return end !== undefined && bytesEqual(end, c.digest) ? this.get(c.digest) : undefined;
  }
}
