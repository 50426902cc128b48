// Parameter sets by digest, and the one step that makes P(t+1) from P(t) and a record (protocol section 3).
import {
    ACCEPT,
    bytesEqual,
    ignore,
    Lru,
    messageOf,
    PouwError,
    reject,
    toHex,
    type Verdict,
} from "../../base/index.ts";
import type { Block, Contribution, RoundRecord } from "../../codec/index.ts";
import { aggregate, decodeDelta, initialParameters, type ModelManifest, parametersDigest } from "../../ml/index.ts";
import type { Store } from "../../ports/index.ts";
import { checkNext } from "../../work/index.ts";
import type { BlockEntry } from "../storage/block-store.ts";
import { KEYS } from "../storage/keys.ts";
import type { Deltas } from "./deltas.ts";

/** Bytes of parameter sets held in memory, and the least number of sets whatever their size. */
const MEMORY_BYTES = 12 << 20;
const MIN_SETS = 4;

export interface ParametersDeps {
  readonly store: Store;
  readonly deltas: Deltas;
  /** Pulls a set's bytes from peers and checks them with `check`; undefined when nobody serves them. */
  readonly pull: (
    digest: Uint8Array,
    check: (bytes: Uint8Array) => boolean,
    options: { readonly signal: AbortSignal },
  ) => Promise<Uint8Array | undefined>;
}

/** The length is part of it: a contribution that lies about its delta's length is one whose delta nobody followed. */
const endKey = (start: Uint8Array, delta: Pick<Contribution, "deltaHash" | "deltaBytes">): string =>
  `${toHex(start)}/${toHex(delta.deltaHash)}/${delta.deltaBytes}`;

export class Parameters {
  readonly #manifest: ModelManifest;
  readonly #deps: ParametersDeps;
  readonly #sets: Lru<string, Float32Array>;
  readonly #planted = new Map<string, Float32Array>();
  /** Where a delta leads from a start state: what a unit run here, or one decoded before, already showed. */
  readonly #ends = new Lru<string, Uint8Array>(256);

  constructor(manifest: ModelManifest, deps: ParametersDeps) {
    this.#manifest = manifest;
    this.#deps = deps;
    this.#sets = new Lru(Math.max(MIN_SETS, Math.floor(MEMORY_BYTES / (4 * manifest.parameterCount))));
  }

  /** The task's initial set is public: computed, kept for good, never fetched. Throws BAD_GENESIS when this version makes another. */
  plantInitial(expected: Uint8Array): void {
    const initial = initialParameters(this.#manifest);
    if (!this.matches(expected, initial)) {
      const what = `the genesis wants other initial parameters of ${this.#manifest.name} than this version makes`;
      throw new PouwError("BAD_GENESIS", what, { remedy: "use the version of pouw-node that the network runs" });
    }
    this.#planted.set(toHex(expected), initial);
  }

  /** Keeps a set whose digest the caller computed or trusts. */
  put(digest: Uint8Array, set: Float32Array): void {
    this.#sets.set(toHex(digest), set);
  }

  /** Keeps the result of a unit that ran here: `delta` leads from `start` to `end`. */
  learn(
    start: Uint8Array,
    delta: Pick<Contribution, "deltaHash" | "deltaBytes">,
    end: Uint8Array,
    set: Float32Array,
  ): void {
    this.put(end, set);
    this.#ends.set(endKey(start, delta), end);
  }

  /** From memory or the store; undefined when neither has it. Throws STORE_CORRUPT when the stored bytes do not match. */
  async get(digest: Uint8Array): Promise<Float32Array | undefined> {
    const held = this.#sets.get(toHex(digest)) ?? this.#planted.get(toHex(digest));
    if (held !== undefined) return held;
    const bytes = await this.#deps.store.get(KEYS.parameters(digest));
    if (bytes === undefined) return undefined;
    const set = this.decode(bytes);
    if (set === undefined || !this.matches(digest, set)) {
      throw new PouwError("STORE_CORRUPT", `the stored parameters ${toHex(digest)} do not match their digest`, {
        remedy: "move the data directory away and sync again",
      });
    }
    this.put(digest, set);
    return set;
  }

  /** From memory, the store or, by digest, any peer: for a start state whose deltas are gone. */
  async fetch(digest: Uint8Array, options: { readonly signal: AbortSignal }): Promise<Float32Array | undefined> {
    const held = await this.get(digest);
    if (held !== undefined) return held;
    const check = (bytes: Uint8Array): boolean => {
      const set = this.decode(bytes);
      return set?.every(Number.isFinite) === true && this.matches(digest, set);
    };
    const bytes = await this.#deps.pull(digest, check, options);
    const set = bytes === undefined ? undefined : this.decode(bytes);
    if (set !== undefined) this.put(digest, set);
    return set;
  }

  matches(digest: Uint8Array, set: Float32Array): boolean {
    return bytesEqual(parametersDigest(this.#manifest, set), digest);
  }

  /** Little-endian float32 bytes of a set, as stored and sent. */
  encode(set: Float32Array): Uint8Array {
    return new Uint8Array(set.buffer.slice(set.byteOffset, set.byteOffset + set.byteLength) as ArrayBuffer);
  }

  /** The set in `bytes`; undefined when the length is wrong. */
  decode(bytes: Uint8Array): Float32Array | undefined {
    if (bytes.length !== 4 * this.#manifest.parameterCount) return undefined;
    return new Float32Array(bytes.slice().buffer);
  }

  /**
   * Computes P(round + 1) of `record` from P(round) and keeps it. accept: it is what the record says.
   * reject: it is not, or a delta is malformed. ignore: P(round) or a delta could not be had.
   */
  async advance(
    start: Uint8Array,
    record: RoundRecord,
    hints: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<Verdict> {
    const result = await this.combine(start, record.contributions, hints, options);
    if (!("next" in result)) return result;
    return checkNext(record, result.digest);
  }

  /** Aggregates contributions over P(round): the next set and its digest (kept), or why not. */
  async combine(
    start: Uint8Array,
    contributions: RoundRecord["contributions"],
    hints: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly next: Float32Array; readonly digest: Uint8Array } | Verdict> {
    const only = contributions.length === 1 ? contributions[0] : undefined;
    const known = only === undefined ? undefined : await this.#knownEnd(start, only);
    if (only !== undefined && known !== undefined) return { next: known, digest: only.digest };
    const base = await this.get(start);
    if (base === undefined) return ignore("no-parameters", `the parameters ${toHex(start).slice(0, 16)} are not here`);
    const encoded = await Promise.all(contributions.map((c) => this.#deps.deltas.get(c, hints, options)));
    const deltas: Int32Array[] = [];
    for (const [i, bytes] of encoded.entries()) {
      if (bytes === undefined) return ignore("no-delta", "a recorded delta could not be had from any peer");
      const delta = this.#checkDelta(start, base, contributions[i] as Contribution, bytes);
      if (!(delta instanceof Int32Array)) return delta;
      deltas.push(delta);
    }
    const next = aggregate(this.#manifest, base, deltas);
    const digest = parametersDigest(this.#manifest, next);
    this.put(digest, next);
    return { next, digest };
  }

  /** Whether a contribution's delta is well-formed and leads from its start to its digest. ignore: the start is not here. */
  async checkDelta(contribution: Contribution, bytes: Uint8Array): Promise<Verdict> {
    if ((await this.#knownEnd(contribution.startDigest, contribution)) !== undefined) return ACCEPT;
    const base = await this.get(contribution.startDigest);
    if (base === undefined) return ignore("no-parameters", "the contribution's start is not here");
    const delta = this.#checkDelta(contribution.startDigest, base, contribution, bytes);
    return delta instanceof Int32Array ? ACCEPT : delta;
  }

  #checkDelta(start: Uint8Array, base: Float32Array, c: Contribution, bytes: Uint8Array): Int32Array | Verdict {
    if (bytes.length !== c.deltaBytes) return reject("wrong-delta", `its delta is of ${bytes.length} bytes`);
    let delta: Int32Array;
    try {
      delta = decodeDelta(this.#manifest, bytes);
    } catch (error) {
      return reject("bad-delta", messageOf(error));
    }
    const key = endKey(start, c);
    let end = this.#ends.get(key);
    if (end === undefined) {
      end = parametersDigest(this.#manifest, aggregate(this.#manifest, base, [delta]));
      this.#ends.set(key, end);
    }
    if (bytesEqual(end, c.digest)) return delta;
    return reject("wrong-delta", `the delta leads to ${toHex(end).slice(0, 16)}, not to the contribution's digest`);
  }

  /** The end state of a contribution whose delta was followed before, if it is still here. */
  async #knownEnd(start: Uint8Array, c: Contribution): Promise<Float32Array | undefined> {
    const end = this.#ends.get(endKey(start, c));
    return end !== undefined && bytesEqual(end, c.digest) ? this.get(c.digest) : undefined;
  }
}

/** Where `rebuildParameters` looks. */
export interface History {
  readonly parameters: Parameters;
  readonly block: (id: Uint8Array) => Promise<Block | undefined>;
  readonly node: (id: Uint8Array) => Promise<BlockEntry | undefined>;
}

/** The start state of a block's winning unit: from the nearest ancestor whose state is held, through the records since. Undefined when deltas are gone. */
export async function rebuildParameters(
  node: BlockEntry,
  { parameters, block, node: nodeOf }: History,
  options: { readonly signal: AbortSignal },
): Promise<Float32Array | undefined> {
  const path: Block[] = [];
  let at = node;
  let held = await parameters.get(at.startDigest);
  while (held === undefined) {
    const whole = await block(at.id);
    const parent = whole === undefined ? undefined : await nodeOf(whole.header.parent);
    if (whole === undefined || parent === undefined) return undefined;
    path.push(whole);
    at = parent;
    held = await parameters.get(at.startDigest);
  }
  let start = at.startDigest;
  for (const whole of path.reverse()) {
    for (const record of whole.body.records) {
      if ((await parameters.advance(start, record, [], options)).kind !== "accept") return undefined;
      start = record.nextDigest;
    }
  }
  return parameters.get(node.startDigest);
}
