// Bit streams, most significant bit first, for the delta codec.
import { PouwError } from "../../base/index.ts";

/** Longest run of zeros before the one of a unary number; a longer one is no valid code. */
const MAX_UNARY = 255;

/** Appends bits; the last byte is filled up with zeros. */
export class BitWriter {
  #view: DataView;
  /** Bytes written. */
  #length = 0;
  /** Its low `#pending` bits, fewer than 16, are still to be written; above them is garbage that falls off. */
  #held = 0;
  #pending = 0;

  constructor(expectedBytes: number) {
    this.#view = new DataView(new ArrayBuffer(expectedBytes + 16));
  }

  /** The low `count` bits of `value`, which has no others; count <= 24. */
  write(value: number, count: number): void {
    if (count > 16) {
      this.#append(value >>> 16, count - 16);
      this.#append(value & 0xffff, 16);
    } else this.#append(value, count);
  }

  /** `zeros` zeros, a one, then the low `count` bits of `value`, which has no others. */
  rice(zeros: number, value: number, count: number): void {
    if (zeros + 1 + count <= 24) {
      this.write((1 << count) | value, zeros + 1 + count);
      return;
    }
    for (; zeros >= 16; zeros -= 16) this.#append(0, 16);
    this.#append(1, zeros + 1);
    this.write(value, count);
  }

  finish(): Uint8Array {
    const bytes = (this.#pending + 7) >> 3;
    this.#append(0, 16 - this.#pending);
    return new Uint8Array(this.#view.buffer.slice(0, this.#length - 2 + bytes));
  }

  #append(value: number, count: number): void {
    this.#held = (this.#held << count) | value;
    this.#pending += count;
    if (this.#pending < 16) return;
    this.#pending -= 16;
    if (this.#length + 2 > this.#view.byteLength) this.#grow();
    this.#view.setUint16(this.#length, this.#held >>> this.#pending);
    this.#length += 2;
  }

  #grow(): void {
    const bytes = new Uint8Array(2 * this.#view.byteLength);
    bytes.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(bytes.buffer);
  }
}

/** Reads what BitWriter wrote; every way of reading past the end throws BAD_ENCODING. */
export class BitReader {
  readonly #view: DataView;
  readonly #end: number;
  /** The last byte from which four can be read. */
  readonly #whole: number;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = 8 * bytes.length;
    this.#whole = bytes.length - 4;
  }

  /** The bits from a place before the end on, 25 at least, in the high bits; behind the end there are zeros. */
  #window(at: number): number {
    const byte = at >>> 3;
    if (byte <= this.#whole) return this.#view.getInt32(byte) << (at & 7);
    let bits = 0;
    for (let i = 0; i < 4; i++) bits = (bits << 8) | (byte + i < this.#whole + 4 ? this.#view.getUint8(byte + i) : 0);
    return bits << (at & 7);
  }

  /** Next `count` bits, 1 <= count <= 24. */
  read(count: number): number {
    const at = this.#at;
    if (at + count > this.#end) throw refuse("cut short");
    this.#at = at + count;
    return this.#window(at) >>> (32 - count);
  }

  /** What `BitWriter.rice` wrote with this count, zeros * 2^count + value; count <= 24. */
  rice(count: number): number {
    const at = this.#at;
    const window = at < this.#end ? this.#window(at) : 0;
    const zeros = Math.clz32(window);
    const bits = zeros + 1 + count;
    // A window has 25 bits at least, whatever the place.
    if (bits > 25) return this.unary() * 2 ** count + (count > 0 ? this.read(count) : 0);
    if (at + bits > this.#end) throw refuse("cut short");
    this.#at = at + bits;
    return count === 0 ? zeros : (zeros << count) | ((window << (zeros + 1)) >>> (32 - count));
  }

  /** Number of zeros before the next one, which is taken too. */
  unary(): number {
    let zeros = 0;
    for (;;) {
      if (this.#at >= this.#end) throw refuse("cut short");
      const shift = this.#at & 7;
      const window = this.#window(this.#at);
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
