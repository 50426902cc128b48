// Ed25519 signatures over node:crypto, strict where libraries differ, so that every node gives the same answer.
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import {
  Address,
  concatBytes,
  fromBigInt,
  fromHex,
  Lru,
  PouwError,
  SerialQueue,
  type SignedMessage,
  toHex,
} from "../base/index.ts";

/** A signing key. The secret stays inside. */
export interface KeyPair {
  readonly address: Address;
  /** 64-byte Ed25519 signature (RFC 8032, deterministic). */
  sign(message: Uint8Array): Uint8Array;
}

const littleEndian = (value: bigint): Uint8Array => fromBigInt(value, 32).reverse();

/** a < b for little-endian numbers of 32 bytes. */
function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

const PKCS8 = fromHex("302e020100300506032b657004220420") as Uint8Array;
const SPKI = fromHex("302a300506032b6570032100") as Uint8Array;
/** The field prime 2^255 - 19 and the order of the base point. */
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
/** y of two of the four points of order 8; the other two have P - y. */
const Y8 = 55188659117513257062467267217118295137698188065244968500265048394206261417927n;
/** y of the eight points of small order, little-endian hex, sign bit aside: anyone can make signatures that verify under them. */
const SMALL_ORDER: ReadonlySet<string> = new Set([0n, 1n, P - 1n, Y8, P - Y8].map((y) => toHex(littleEndian(y))));
const P_BYTES = littleEndian(P);
const L_BYTES = littleEndian(L);

const keys = new Lru<string, KeyObject>(4096);
/** Signatures found good, whole: an object is met again in gossip, in a record and in a block, and 150 us saved each time. */
const good = new Lru<string, true>(1 << 14);

/** Key pair of a 32-byte secret seed; throws BAD_KEY for another length. */
export function keyPairFromSecret(secret: Uint8Array): KeyPair {
  if (!(secret instanceof Uint8Array) || secret.length !== 32)
    throw new PouwError("BAD_KEY", "a secret key is 32 bytes, as wallet export --yes prints them in hex");
  const key = createPrivateKey({ key: Buffer.from(concatBytes(PKCS8, secret)), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    address: Address(Uint8Array.from(spki.subarray(SPKI.length))),
    sign: (message) => Uint8Array.from(sign(null, message, key)),
  };
}

/**
 * Whether `bytes` is an encoding that a key, or the R of a signature, may have: 32 bytes, y below the prime, not of small order.
 * Some versions of Node accept small-order points and some do not; what they differ in must not reach them.
 */
function isStrictPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  const y = Uint8Array.from(bytes);
  y[31] = (y[31] as number) & 0x7f;
  return !SMALL_ORDER.has(toHex(y)) && isBelow(y, P_BYTES);
}

/** Whether `bytes` may be a public key, as far as its form goes: membership of the curve shows when verifying. */
export const isPublicKey: (bytes: Uint8Array) => boolean = isStrictPoint;

function keyObject(address: Uint8Array): KeyObject | undefined {
  const name = toHex(address);
  const known = keys.get(name);
  if (known !== undefined) return known;
  if (!isPublicKey(address)) return undefined;
  const key = createPublicKey({ key: Buffer.from(concatBytes(SPKI, address)), format: "der", type: "spki" });
  keys.set(name, key);
  return key;
}

/** The key to verify with; undefined where the form of key or signature is wrong. */
function keyFor({ address, signature }: SignedMessage): KeyObject | undefined {
  if (signature.length !== 64 || !isBelow(signature.subarray(32), L_BYTES)) return undefined;
  return isStrictPoint(signature.subarray(0, 32)) ? keyObject(address) : undefined;
}

/** What a good signature is remembered by; signature and address have fixed lengths, so one text stands for one triple. Undefined for long messages. */
const nameOf = ({ address, message, signature }: SignedMessage): string | undefined =>
  message.length <= 32 && signature.length === 64 && address.length === 32
    ? Buffer.concat([signature, address, message]).toString("latin1")
    : undefined;

/** Whether `signature` is `address`'s over `message`. False, never an error, for keys and signatures of any wrong form. */
export function verifySignature(address: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const signed = { address, message, signature };
  const name = nameOf(signed);
  if (name !== undefined && good.get(name) === true) return true;
  const key = keyFor(signed);
  if (key === undefined) return false;
  try {
    if (!verify(null, message, key, signature)) return false;
  } catch {
    return false;
  }
  if (name !== undefined) good.set(name, true);
  return true;
}

/** The runtime's own threads verify; two at a time, so that the store, which uses the same threads, need not wait behind a block. */
const LANES = [new SerialQueue(), new SerialQueue()];

/** Batches that are being verified beside the event loop. */
export const verifying = (): number => LANES.reduce((sum, { size }) => sum + size, 0);

/**
 * Verifies beside the event loop, so that `verifySignature` finds the good ones remembered; bad ones it finds again itself. Undefined when
 * all are remembered already.
 */
export function verifyAhead(signed: readonly SignedMessage[]): Promise<void> | undefined {
  const fresh = signed.filter((one) => {
    const name = nameOf(one);
    return name !== undefined && !good.has(name);
  });
  if (fresh.length === 0) return undefined;
  const lanes = LANES.map((lane, at) =>
    lane.run(async () => {
      for (let i = at; i < fresh.length; i += LANES.length) await remember(fresh[i] as SignedMessage);
    }),
  );
  return Promise.all(lanes).then(() => undefined);
}

function remember(signed: SignedMessage): Promise<void> {
  const key = keyFor(signed);
  const name = nameOf(signed);
  if (key === undefined || name === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    verify(null, signed.message, key, signed.signature, (error, isGood) => {
      if (error === null && isGood) good.set(name, true);
      resolve();
    });
  });
}
