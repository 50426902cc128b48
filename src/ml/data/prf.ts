// The pseudo-random functions of the data: ChaCha20 picks a unit's batches and its noise, SHA-256 in counter mode shuffles a data set. Integers only.
import { PouwError, utf8 } from "../../base/index.ts";
import { keystream, sha256, taggedHash } from "../../crypto/index.ts";
import type { SampleRange } from "./data-set.ts";

/** An endless stream of uniform 32-bit words. */
type Words = () => number;

/** Bytes of key stream made at once. */
const CHUNK_BYTES = 1 << 16;
const LABEL = utf8("pouw-batch/1");
const WORDS_PER_HASH = 8;

/** Little-endian words of the ChaCha20 stream of a 32-byte seed. */
function chachaWords(seed: Uint8Array): Words {
  let view: DataView = new DataView(new ArrayBuffer(0));
  let at = 0;
  let block = 0;
  return () => {
    if (at === view.byteLength) {
      const bytes = keystream(seed, block, CHUNK_BYTES);
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      block += CHUNK_BYTES / 64;
      at = 0;
    }
    const word = view.getUint32(at, true);
    at += 4;
    return word;
  };
}

/** Big-endian words of SHA-256(label, seed, counter). */
function hashWords(seed: Uint8Array): Words {
  const message = new Uint8Array(LABEL.length + seed.length + 8);
  message.set(LABEL);
  message.set(seed, LABEL.length);
  const counter = new DataView(message.buffer, LABEL.length + seed.length);
  let view: DataView = new DataView(new ArrayBuffer(0));
  let word = WORDS_PER_HASH;
  let blocks = 0n;
  return () => {
    if (word === WORDS_PER_HASH) {
      counter.setBigUint64(0, blocks++);
      const block = sha256(message);
      view = new DataView(block.buffer, block.byteOffset, 32);
      word = 0;
    }
    return view.getUint32(4 * word++);
  };
}

/** Fills `out` with integers in [0, n), 1 <= n <= 2^31. Unbiased: words of the incomplete last multiple of n are thrown away. */
function fill(out: Int32Array, n: number, words: Words): void {
  if (!Number.isInteger(n) || n < 1 || n > 2 ** 31) throw new PouwError("INTERNAL", `no range of ${n} values`);
  const limit = 2 ** 32 - (2 ** 32 % n);
  for (let i = 0; i < out.length; ) {
    const word = words();
    if (word < limit) out[i++] = word % n;
  }
}

/**
 * The sample indexes of a unit, [steps, batch] row-major: uniform in `range`, with repetition.
 * `seed` is the unit's 32-byte seed. Throws BAD_ID for a seed of another length, BAD_DATA for an empty range.
 */
export function batchIndexes(seed: Uint8Array, steps: number, batch: number, [from, to]: SampleRange): Int32Array {
  if (!(to > from) || from < 0) throw new PouwError("BAD_DATA", "the training split is empty");
  const out = new Int32Array(steps * batch);
  fill(out, to - from, chachaWords(seed));
  if (from !== 0) for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + from;
  return out;
}

/** What a step draws by the unit's seed besides its samples: an input of the training graph, int32 [S, count], of values in [0, below). */
export interface NoiseSpec {
  readonly name: string;
  readonly count: number;
  readonly below: number;
}

/** What of a task decides its draws. */
interface DrawnTask {
  readonly steps: number;
  readonly batch: number;
  readonly noise: readonly NoiseSpec[];
  readonly data: { readonly splits: { readonly train: SampleRange } };
}

/** All that a unit's seed decides, row-major with a row per step. */
export interface UnitDraws {
  /** Sample indexes, [steps, batch]. */
  readonly batch: Int32Array;
  /** In the task's order, [steps, count] each. */
  readonly noise: readonly Int32Array[];
}

/** The samples and the noise of a unit: independent streams, each a function of the seed. Throws BAD_ID, BAD_DATA. */
export function drawUnit(seed: Uint8Array, { steps, batch, noise, data }: DrawnTask): UnitDraws {
  const drawn = noise.map(({ name, count, below }) => {
    const out = new Int32Array(steps * count);
    fill(out, below, chachaWords(taggedHash("noise", seed, utf8(name))));
    return out;
  });
  return { batch: batchIndexes(seed, steps, batch, data.splits.train), noise: drawn };
}

/** 0..n-1 in an order that is a function of the seed (Fisher-Yates from the top). */
export function permutation(seed: Uint8Array, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const words = hashWords(seed);
  const pick = new Int32Array(1);
  for (let i = n - 1; i > 0; i--) {
    fill(pick, i + 1, words);
    const j = pick[0] as number;
    const held = order[i] as number;
    order[i] = order[j] as number;
    order[j] = held;
  }
  return order;
}
