// Bech32m (BIP 350): bytes as text that finds its own typing errors. An address is written so, after its network's name.

const DIGITS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/** What the checksum of a right text leaves: this tells bech32m from the older bech32. */
const RIGHT = 0x2bc830a3;
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
/** Digits of the checksum. */
const CHECK = 6;
/** Within it four wrong characters are always found. */
const MAX_LENGTH = 90;

/** The remainder of the BCH code over groups of five bits. */
function remainder(groups: readonly number[]): number {
  let sum = 1;
  for (const group of groups) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ group;
    for (const [i, factor] of GENERATOR.entries()) if ((top >>> i) & 1) sum ^= factor;
  }
  return sum >>> 0;
}

/** A prefix as the checksum counts it: high bits, a zero, low bits. */
function spread(prefix: string): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31)];
}

/** Bits of `values` in groups of another size; undefined when what is left over is more than filling. */
function regroup(values: Iterable<number>, from: number, to: number, fill: boolean): number[] | undefined {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  for (const value of values) {
    held = ((held << from) | value) & 0xfff;
    bits += from;
    while (bits >= to) {
      bits -= to;
      out.push((held >>> bits) & ((1 << to) - 1));
    }
  }
  const rest = held & ((1 << bits) - 1);
  if (fill) return bits === 0 ? out : [...out, (rest << (to - bits)) & ((1 << to) - 1)];
  return bits < from && rest === 0 ? out : undefined;
}

/** `bytes` after `prefix`, in lower case. The prefix is lower-case ASCII without spaces. */
export function toBech32m(prefix: string, bytes: Uint8Array): string {
  const groups = regroup(bytes, 8, 5, true) as number[];
  const sum = remainder([...spread(prefix), ...groups, ...new Array<number>(CHECK).fill(0)]) ^ RIGHT;
  const check = Array.from({ length: CHECK }, (_, i) => (sum >>> (5 * (CHECK - 1 - i))) & 31);
  return `${prefix}1${[...groups, ...check].map((group) => DIGITS[group]).join("")}`;
}

/** What a text says, in either case but not in both; undefined when it is not bech32m or its checksum does not fit. */
export function fromBech32m(text: string): { readonly prefix: string; readonly bytes: Uint8Array } | undefined {
  const lower = text.toLowerCase();
  if (text.length > MAX_LENGTH || (text !== lower && text !== text.toUpperCase())) return undefined;
  const at = lower.lastIndexOf("1");
  const prefix = lower.slice(0, at);
  const groups = [...lower.slice(at + 1)].map((digit) => DIGITS.indexOf(digit));
  if (at < 1 || !/^[!-~]+$/.test(prefix) || groups.length < CHECK || groups.includes(-1)) return undefined;
  if (remainder([...spread(prefix), ...groups]) !== RIGHT) return undefined;
  const bytes = regroup(groups.slice(0, -CHECK), 5, 8, false);
  return bytes === undefined ? undefined : { prefix, bytes: Uint8Array.from(bytes) };
}
