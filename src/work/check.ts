// Pure comparisons of claimed work with re-executed work; running the unit is the engine's business (protocol section 5).
import { ACCEPT, bytesEqual, reject, toHex, type Verdict } from "../base/index.ts";
import type { Block } from "../codec/index.ts";
import { type Move, winningOf } from "./move.ts";

const short = (bytes: Uint8Array): string => toHex(bytes.subarray(0, 6));

/** The winning unit as somebody re-executed it, against what the block claims. */
export function checkUnit(
  block: Block,
  found: { readonly digest: Uint8Array; readonly deltaHash: Uint8Array },
): Verdict {
  const { header } = block;
  if (!bytesEqual(header.digest, found.digest))
    return reject("forged-unit", `it ends in ${short(found.digest)}, the block claims ${short(header.digest)}`);
  if (!bytesEqual(winningOf(block)?.deltaHash ?? new Uint8Array(0), found.deltaHash)) return reject("forged-delta");
  return ACCEPT;
}

/** The state that a record's contributions really make, against what its leader signed. */
export function checkNext(record: Pick<Move, "round" | "nextDigest">, digest: Uint8Array): Verdict {
  if (bytesEqual(record.nextDigest, digest)) return ACCEPT;
  return reject(
    "wrong-next",
    `round ${record.round} leads to ${short(digest)}, the record claims ${short(record.nextDigest)}`,
  );
}
