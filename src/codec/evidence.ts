// Evidence of offences: a tagged union, like transactions. What a kind's payload shows is the kind's own file in the chain room (protocol section 5).
import { ByteListType, type ValueOf } from "@chainsafe/ssz";
import { type Codec, codecOf, type Decoded, HashedOnceType, U8 } from "./ssz.ts";

/** Bytes of a payload at most: two records of a full round fit. */
export const MAX_EVIDENCE_BYTES = 64 * 1024;

export const EvidenceType = new HashedOnceType({
  /** Tag of the kind. */
  kind: U8,
  /** As the kind encodes it. */
  payload: new ByteListType(MAX_EVIDENCE_BYTES),
});
export type Evidence = ValueOf<typeof EvidenceType>;

const evidenceCodec: Codec<Evidence> = codecOf("evidence", EvidenceType);
/** A piece of evidence on its own, on its way to whoever wins the next block. */
export const EvidenceMessage = {
  codec: evidenceCodec,
  /** Decodes once; throws BAD_ENCODING. */
  read(bytes: Uint8Array): Decoded<Evidence> {
    const value = evidenceCodec.decode(bytes);
    return { value, bytes, id: EvidenceType.hashTreeRoot(value) as Decoded<Evidence>["id"] };
  },
} as const;
