// The pseudo-random function that picks batches (protocol section 2): SHA-256 in counter mode, integers only.
import { PouwError, utf8 } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";

/** 12 bytes of label, 32 of seed and 8 of counter stay within one compression of SHA-256. */
const LABEL = utf8("pouw-batch/1");
const WORDS_PER_BLOCK = 8;

/** An endless stream of uniform integers that is a function of 32 bytes of seed. */
class Prf {
  readonly #message = new Uint8Array(LABEL.length + 32 + 8);
  readonly #counter: DataView;
  #block: DataView = new DataView(new ArrayBuffer(0));
  #word = WORDS_PER_BLOCK;
  #blocks = 0n;

  constructor(seed: Uint8Array) {
    if (seed.length !== 32) throw new PouwError("BAD_ID", `a seed is 32 bytes, got ${seed.length}`);
    this.#message.set(LABEL);
    this.#message.set(seed, LABEL.length);
    this.#counter = new DataView(this.#message.buffer, LABEL.length + 32);
  }

  /** Next 32 bits, big-endian words of SHA-256(label, seed, counter). */
  #next(): number {
    if (this.#word === WORDS_PER_BLOCK) {
      this.#counter.setBigUint64(0, this.#blocks++);
      const block = sha256(this.#message);
      this.#block = new DataView(block.buffer, block.byteOffset, 32);
      this.#word = 0;
    }
    return this.#block.getUint32(4 * this.#word++);
  }

  /** Fills `out` with integers in [0, n), 1 <= n <= 2^31. Unbiased: words of the incomplete last multiple of n are thrown away. */
  fill(out: Int32Array, n: number): void {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 31) throw new PouwError("INTERNAL", `no range of ${n} values`);
    const limit = 2 ** 32 - (2 ** 32 % n);
    for (let i = 0; i < out.length; ) {
      const word = this.#next();
      if (word < limit) out[i++] = word % n;
    }
  }
}

/**
 * The sample indexes of a unit, [steps, batch] row-major: uniform in [trainFrom, trainTo), with repetition.
 * `seed` is the unit's 32-byte seed. Throws BAD_ID for a seed of another length, BAD_DATA for an empty range.
 */
export function batchIndexes(
  seed: Uint8Array,
  steps: number,
  batch: number,
  trainFrom: number,
  trainTo: number,
): Int32Array {
  if (!(trainTo > trainFrom) || trainFrom < 0) throw new PouwError("BAD_DATA", "the training split is empty");
  const out = new Int32Array(steps * batch);
  new Prf(seed).fill(out, trainTo - trainFrom);
  if (trainFrom !== 0) for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + trainFrom;
  return out;
}

/** 0..n-1 in an order that is a function of the seed (Fisher-Yates from the top). */
export function permutation(seed: Uint8Array, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const prf = new Prf(seed);
  const pick = new Int32Array(1);
  for (let i = n - 1; i > 0; i--) {
    prf.fill(pick, i + 1);
    const j = pick[0] as number;
    const held = order[i] as number;
    order[i] = order[j] as number;
    order[j] = held;
  }
  return order;
}
