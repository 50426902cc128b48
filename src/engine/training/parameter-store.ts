// A task's parameter sets by digest: in memory, on disk, or pulled from peers; the first one from the artifacts.
import { bytesEqual, Lru, PouwError, storeCorrupt, toHex } from "../../base/index.ts";
import { parametersDigest } from "../../ml/index.ts";
import type { Artifacts, Store, StoreWrite } from "../../ports/index.ts";
import { COMMON_STATES, type Task } from "../../work/index.ts";
import { type BlobDeps, fetchBlob } from "../exchange/index.ts";
import { KEYS } from "../storage/index.ts";

/** Bytes of parameter sets held in memory, and the least number of sets whatever their size: a record needs every common state that counts at once, and the ends of units that ran here lie among them. */
const MEMORY_BYTES = 12 << 20;
const MIN_SETS = 2 * COMMON_STATES;

interface Options {
  readonly signal: AbortSignal;
}

export interface ParameterStoreDeps {
  readonly store: Store;
  /** Undefined when there is no network to ask. */
  readonly network: (BlobDeps & { readonly peers: { ranked(): readonly string[] } }) | undefined;
}

/** Little-endian float32 bytes of a set, as stored and sent: the set's own memory, which nobody changes. */
export const encodeSet = (set: Float32Array): Uint8Array => new Uint8Array(set.buffer, set.byteOffset, set.byteLength);

export class ParameterStore {
  readonly #task: Task;
  readonly #deps: ParameterStoreDeps;
  readonly #sets: Lru<string, Float32Array>;
  #initial: Float32Array | undefined;

  constructor(task: Task, deps: ParameterStoreDeps) {
    this.#task = task;
    this.#deps = deps;
    this.#sets = new Lru(Math.max(MIN_SETS, Math.floor(MEMORY_BYTES / (4 * task.parameterCount))));
  }

  /** The task's first set is public: taken from the artifacts, kept for good. Throws BAD_GENESIS when it is not to be had here. */
  async plantInitial(artifacts: Artifacts, options: Options): Promise<void> {
    const { name, initialDigest } = this.#task;
    const initial = await artifacts.get("parameters", initialDigest, options);
    if (initial === undefined || !this.matches(initialDigest, initial))
      throw new PouwError(
        "BAD_GENESIS",
        `The genesis wants other initial parameters of ${name} than this version makes.`,
        {
          remedy: "Use the version of pouw-node that the network runs.",
        },
      );
    this.#initial = initial;
  }

  /** Keeps a set whose digest the caller computed or trusts. */
  put(digest: Uint8Array, set: Float32Array): void {
    this.#sets.set(toHex(digest), set);
  }

  /** The same for a digest that may be another task's: bytes that do not fit this one are not damage. */
  async held(digest: Uint8Array): Promise<Float32Array | undefined> {
    return this.get(digest).catch(() => undefined);
  }

  /** From memory or the store; undefined when neither has it. Throws STORE_CORRUPT when the stored bytes do not match. */
  async get(digest: Uint8Array): Promise<Float32Array | undefined> {
    const held = this.#sets.get(toHex(digest));
    if (held !== undefined) return held;
    if (bytesEqual(digest, this.#task.initialDigest)) return this.#initial;
    const bytes = await this.#deps.store.get(KEYS.parameters(digest));
    if (bytes === undefined) return undefined;
    const set = this.decode(bytes);
    if (set === undefined || !this.matches(digest, set)) {
      throw storeCorrupt(`the parameters ${toHex(digest)} do not match their digest`);
    }
    this.put(digest, set);
    return set;
  }

  /** From memory, the store or, by digest, any peer: for a start state whose deltas are gone. */
  async fetch(digest: Uint8Array, options: Options): Promise<Float32Array | undefined> {
    const held = await this.get(digest);
    const { network } = this.#deps;
    if (held !== undefined || network === undefined) return held;
    const check = (bytes: Uint8Array): boolean => {
      const set = this.decode(bytes);
      return set?.every(Number.isFinite) === true && this.matches(digest, set);
    };
    const wanted = { kind: "parameters", id: digest, maxBytes: 4 * this.#task.parameterCount, check } as const;
    const bytes = await fetchBlob(wanted, network.peers.ranked(), network, options);
    const set = bytes === undefined ? undefined : this.decode(bytes);
    if (set !== undefined) this.put(digest, set);
    return set;
  }

  /** The row that keeps a set, if it is here. */
  async toStore(digest: Uint8Array): Promise<StoreWrite[]> {
    const set = await this.get(digest);
    return set === undefined ? [] : [{ key: KEYS.parameters(digest), value: encodeSet(set) }];
  }

  matches(digest: Uint8Array, set: Float32Array): boolean {
    return bytesEqual(parametersDigest(this.#task, set), digest);
  }

  /** The set in `bytes`; undefined when the length is wrong. */
  decode(bytes: Uint8Array): Float32Array | undefined {
    if (bytes.length !== 4 * this.#task.parameterCount) return undefined;
    return new Float32Array(bytes.slice().buffer);
  }
}
