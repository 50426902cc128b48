// Damaged encodings from valid ones, by a seeded generator: flips, cuts, growth, splices, huge numbers where lengths and offsets are, and noise.

/** 32-bit numbers from a seed (xorshift). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }

  below(limit: number): number {
    return limit <= 0 ? 0 : this.next() % limit;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next());
  }
}

type Mutation = (bytes: Uint8Array, chance: Chance, corpus: readonly Uint8Array[]) => Uint8Array;

const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const HUGE = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 0x10000, 0x00ffffff];

const MUTATIONS: readonly Mutation[] = [
  function flips(bytes, chance) {
    const out = bytes.slice();
    for (let i = chance.below(8); i >= 0 && out.length > 0; i--) {
      const at = chance.below(out.length);
      out[at] = (out[at] as number) ^ (1 << chance.below(8));
    }
    return out;
  },
  (bytes, chance) => bytes.slice(0, chance.below(bytes.length)),
  (bytes, chance) => bytes.slice(chance.below(bytes.length)),
  (bytes, chance) => join(bytes, chance.bytes(1 + chance.below(40))),
  (bytes, chance, corpus) => {
    const other = chance.of(corpus);
    return join(bytes.subarray(0, chance.below(bytes.length)), other.subarray(chance.below(other.length)));
  },
  function cutOut(bytes, chance) {
    const from = chance.below(bytes.length);
    return join(bytes.subarray(0, from), bytes.subarray(from + 1 + chance.below(64)));
  },
  function twice(bytes, chance) {
    const from = chance.below(bytes.length);
    const to = from + 1 + chance.below(64);
    return join(bytes.subarray(0, to), bytes.subarray(from));
  },
  // Lengths and offsets are 32 bits, little-endian; most are near the front.
  function hugeNumber(bytes, chance) {
    const out = bytes.slice();
    if (out.length < 4) return out;
    const at = chance.below(chance.of([16, 64, out.length]) - 3) % (out.length - 3);
    const value = chance.of([...HUGE, out.length, out.length + 1, out.length - 1, chance.next()]);
    new DataView(out.buffer).setUint32(at, value >>> 0, true);
    return out;
  },
  (bytes, chance) => chance.bytes(chance.below(2 * bytes.length + 2)),
  (bytes, chance) => new Uint8Array(chance.below(bytes.length + 40)).fill(chance.of([0, 255, 1, 128])),
];

/** One damaged copy of one of `corpus`. */
export function mutate(corpus: readonly Uint8Array[], chance: Chance): Uint8Array {
  const bytes = chance.of(corpus);
  return chance.of(MUTATIONS)(bytes, chance, corpus);
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
const ODD: readonly Json[] = [
  null,
  true,
  -1,
  0,
  1e308,
  0.5,
  2 ** 53,
  "",
  "x",
  "0".repeat(64),
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  "\u0000",
  "__proto__",
];

/** The value with one place, anywhere inside, replaced, dropped or added to. */
function damage(value: Json, chance: Chance): Json {
  if (typeof value !== "object" || value === null || chance.below(6) === 0) return chance.of(ODD);
  if (Array.isArray(value)) {
    const at = chance.below(value.length);
    if (value.length === 0 || chance.below(5) === 0) return [...value, chance.of(ODD)];
    return value.map((item: Json, i) => (i === at ? damage(item, chance) : item));
  }
  const entries = Object.entries(value);
  const at = chance.below(entries.length);
  const kind = chance.below(8);
  if (kind === 0) return Object.fromEntries(entries.filter((_, i) => i !== at));
  if (kind === 1) return { ...value, [chance.of(["extra", "__proto__", "constructor", "length"])]: chance.of(ODD) };
  return Object.fromEntries(entries.map(([key, item], i) => [key, i === at ? damage(item, chance) : item]));
}

/** A damaged copy of a JSON text: of its value most times, of its letters otherwise. */
export function mutateJson(text: string, chance: Chance): string {
  const kind = chance.below(20);
  if (kind === 0) return "[".repeat(1 + chance.below(20_000));
  if (kind < 6) {
    const at = chance.below(text.length);
    return (
      text.slice(0, at) +
      chance.of(["", '"', "{", "]", "\\", "\u0000", "1e999", "\ud800"]) +
      text.slice(at + chance.below(20))
    );
  }
  let value = JSON.parse(text) as Json;
  for (let i = chance.below(3); i >= 0; i--) value = damage(value, chance);
  return JSON.stringify(value);
}
