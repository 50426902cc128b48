// The lottery: a finished unit's draws against the target, and the beacon that chains the winners (protocol section 2).
import { compareBytes, type Hash32, u32be, u64be } from "../base/index.ts";
import type { UnsignedContribution, UnsignedHeader } from "../codec/index.ts";
import { sha256, taggedBytes, taggedHash } from "../crypto/index.ts";
import type { UnitId } from "./unit.ts";

/** A finished unit: all that its draws depend on, fixed by work already done. */
export interface FinishedUnit extends UnitId {
  /** digest(P(t)), 32 bytes. */
  readonly startDigest: Uint8Array;
  /** d = digest(P'), 32 bytes. */
  readonly digest: Uint8Array;
}

export interface Win {
  /** nonce0 + j, modulo 2^64. */
  readonly nonce: bigint;
  readonly draw: Hash32;
}

const NONCES = 2n ** 64n;

/** nonce0 = first 8 bytes, big-endian, of H("nonce", d). */
export function firstNonce(digest: Uint8Array): bigint {
  const hash = taggedHash("nonce", digest);
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(0);
}

/** j such that `nonce` = nonce0 + j modulo 2^64. */
export function nonceOffset(digest: Uint8Array, nonce: bigint): bigint {
  return (nonce - firstNonce(digest) + NONCES) % NONCES;
}

/** The bytes of a draw with the nonce in the last 8, so that a search writes only those. */
function drawBytes(unit: FinishedUnit, nonce: bigint): Uint8Array {
  return taggedBytes(
    "draw",
    unit.beacon,
    unit.task,
    u32be(unit.round),
    unit.startDigest,
    unit.author,
    u32be(unit.mlNode),
    u32be(unit.index),
    unit.digest,
    u64be(nonce),
  );
}

/** H("draw", beacon, T, t, digest(P(t)), pk, n, i, d, nonce). */
export function drawHash(unit: FinishedUnit, nonce: bigint): Hash32 {
  return sha256(drawBytes(unit, nonce));
}

/**
 * The lowest of the unit's `nonces` draws if it is strictly below `target` (32 bytes, big-endian). Not the first below it: the target may
 * depend on the block's time, and a clock must not choose among draws, since each is another next beacon.
 */
export function findWin(unit: FinishedUnit, nonces: number, target: Uint8Array): Win | undefined {
  const first = firstNonce(unit.digest);
  const bytes = drawBytes(unit, first);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const at = bytes.length - 8;
  let win: Win | undefined;
  for (let j = 0; j < nonces; j++) {
    const nonce = (first + BigInt(j)) % NONCES;
    view.setBigUint64(at, nonce);
    const draw = sha256(bytes);
    if (compareBytes(draw, win?.draw ?? target) < 0) win = { nonce, draw };
  }
  return win;
}

/** beacon(h) = H("beacon", beacon(h-1), winning draw of block h): no block content in it, so no content can be ground. */
export function nextBeacon(beacon: Uint8Array, draw: Uint8Array): Hash32 {
  return taggedHash("beacon", beacon, draw);
}

/** The winning unit that a header names, run upon the block whose beacon is given. */
export function unitOfHeader(beacon: Uint8Array, header: UnsignedHeader): FinishedUnit {
  const { parent: block, task, round, miner, mlNode, index, startDigest: start, digest } = header;
  return { beacon, block, task, round, author: miner, mlNode, index, startDigest: start, digest };
}

/** The unit of a contribution; `beacon` is that of the block at the contribution's height. */
export function unitOfContribution(beacon: Uint8Array, contribution: UnsignedContribution): FinishedUnit {
  const { block, task, round, author, mlNode, index, startDigest: start, digest } = contribution;
  return { beacon, block, task, round, author, mlNode, index, startDigest: start, digest };
}
