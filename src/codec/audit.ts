// Audits on chain: an attester commits to its word, then opens it (protocol section 5).
import type { ValueOf } from "@chainsafe/ssz";
import { signedObject } from "./signed-object.ts";
import { Bytes32, type Codec, codecOf, type Decoded, HashedOnceType, U8, U32 } from "./ssz.ts";

/** Commits in one block at most, and reveals. */
export const MAX_AUDIT_WORDS = 256;

const seat = {
  /** Id of the contribution that is audited. */
  audit: Bytes32,
  /** Of the block that recorded it. */
  height: U32,
  attester: Bytes32,
} as const;

export const AuditCommit = signedObject(
  "audit commit",
  {
    ...seat,
    /** H("attest", attester, audit, outcome, trace, salt). */
    commitment: Bytes32,
  },
  { signer: "attester" },
);
/** An attester's word on a contribution, sealed. */
export type AuditCommit = ValueOf<typeof AuditCommit.type>;

export const RevealType = new HashedOnceType({
  ...seat,
  /** Index into OUTCOMES. */
  outcome: U8,
  /** H("trace", the digests after every stretch but the last); zero of a unit that does not end. */
  trace: Bytes32,
  salt: Bytes32,
});
/** The same word, opened. Unsigned: only who made the commitment can open it. */
export type AuditReveal = ValueOf<typeof RevealType>;

const revealCodec: Codec<AuditReveal> = codecOf("audit reveal", RevealType);
function readReveal(bytes: Uint8Array): Decoded<AuditReveal> {
  const value = revealCodec.decode(bytes);
  return { value, bytes, id: RevealType.hashTreeRoot(value) as Decoded<AuditReveal>["id"] };
}
export const AuditReveal = {
  codec: revealCodec,
  /** Decodes once; throws BAD_ENCODING. */
  read: readReveal,
  /** The same of an own word: what its bytes decode to. */
  wrap: (value: AuditReveal): Decoded<AuditReveal> => readReveal(revealCodec.encode(value)),
} as const;

/** What names an attester's place in an audit. */
export type AuditSeat = Pick<AuditReveal, "audit" | "height" | "attester">;
