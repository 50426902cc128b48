// Pure comparisons of claimed work with re-executed work; running the unit is the engine's business (protocol section 5).
import { ACCEPT, bytesEqual, reject, toHex, type Verdict } from "../base/index.ts";
import type { Contribution } from "../codec/index.ts";
import type { Move } from "./move.ts";

const short = (bytes: Uint8Array): string => toHex(bytes.subarray(0, 6));

/** What a unit really ends in, as somebody ran it; undefined when it does not end in finite numbers. */
export type FoundUnit = { readonly digest: Uint8Array; readonly deltaHash: Uint8Array } | undefined;

/** What a contribution claims, a block's winning one or any other, against what its unit ends in. */
export function checkUnit(claimed: Pick<Contribution, "digest" | "deltaHash">, found: FoundUnit): Verdict {
  if (found === undefined) return reject("forged-unit", "it does not end in finite numbers");
  if (!bytesEqual(claimed.digest, found.digest))
    return reject("forged-unit", `it ends in ${short(found.digest)}, its author claims ${short(claimed.digest)}`);
  return bytesEqual(claimed.deltaHash, found.deltaHash) ? ACCEPT : reject("forged-delta");
}

/** The state that a record's contributions really make, against what its leader signed. */
export function checkNext(record: Pick<Move, "round" | "nextDigest">, digest: Uint8Array): Verdict {
  if (bytesEqual(record.nextDigest, digest)) return ACCEPT;
  return reject(
    "wrong-next",
    `round ${record.round} leads to ${short(digest)}, the record claims ${short(record.nextDigest)}`,
  );
}
