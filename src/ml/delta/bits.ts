// Bit streams, most significant bit first, for the delta codec.
import { PouwError } from "../../base/index.ts";

/** Longest run of zeros before the one of a unary number; a longer one is no valid code. */
export const MAX_UNARY = 255;

/** Appends bits; the last byte is filled up with zeros. */
export class BitWriter {
  #bytes: Uint8Array;
  #length = 0;
  #held = 0;
  #heldBits = 0;

  constructor(expectedBytes: number) {
    this.#bytes = new Uint8Array(expectedBytes + 16);
  }

  /** The low `count` bits of `value`, count <= 24. */
  write(value: number, count: number): void {
    this.#held = (this.#held << count) | value;
    this.#heldBits += count;
    while (this.#heldBits >= 8) {
      this.#heldBits -= 8;
      if (this.#length === this.#bytes.length) this.#grow();
      this.#bytes[this.#length++] = this.#held >>> this.#heldBits;
    }
    this.#held &= (1 << this.#heldBits) - 1;
  }

  /** `zeros` zeros, a one, then the low `count` bits of `value`, which has no others. */
  rice(zeros: number, value: number, count: number): void {
    if (zeros + 1 + count <= 24) {
      this.write((1 << count) | value, zeros + 1 + count);
      return;
    }
    for (; zeros >= 24; zeros -= 24) this.write(0, 24);
    this.write(1, zeros + 1);
    this.write(value, count);
  }

  finish(): Uint8Array {
    if (this.#heldBits > 0) this.write(0, 8 - this.#heldBits);
    return this.#bytes.slice(0, this.#length);
  }

  #grow(): void {
    const bytes = new Uint8Array(2 * this.#bytes.length);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}

/** Reads what BitWriter wrote; every way of reading past the end throws BAD_ENCODING. */
export class BitReader {
  /** The bytes, then enough zeros that a whole window can be read at any place before the end. */
  readonly #view: DataView;
  readonly #end: number;
  #at = 0;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array(bytes.length + 8);
    padded.set(bytes);
    this.#view = new DataView(padded.buffer);
    this.#end = 8 * bytes.length;
  }

  /** Next `count` bits, 1 <= count <= 24. */
  read(count: number): number {
    const at = this.#at;
    if (at + count > this.#end) throw refuse("cut short");
    this.#at = at + count;
    return (this.#view.getInt32(at >>> 3) << (at & 7)) >>> (32 - count);
  }

  /** Number of zeros before the next one, which is taken too. */
  unary(): number {
    let zeros = 0;
    for (;;) {
      if (this.#at >= this.#end) throw refuse("cut short");
      const shift = this.#at & 7;
      const window = this.#view.getInt32(this.#at >>> 3) << shift;
      if (window !== 0) {
        const leading = Math.clz32(window);
        this.#at += leading + 1;
        zeros += leading;
        break;
      }
      this.#at += 32 - shift;
      zeros += 32 - shift;
      if (zeros > MAX_UNARY) break;
    }
    if (zeros > MAX_UNARY) throw refuse("a number is out of range");
    return zeros;
  }

  /** Throws unless all bytes are used and the padding is zero. */
  end(): void {
    const left = this.#end - this.#at;
    if (left >= 8) throw refuse("bytes are left over");
    if (left > 0 && this.read(left) !== 0) throw refuse("padding is not zero");
  }
}

const refuse = (why: string): PouwError => new PouwError("BAD_ENCODING", `not a delta: ${why}`);
