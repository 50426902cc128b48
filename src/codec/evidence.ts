// Evidence of offences: a tagged union, like transactions. What a kind's payload shows is the kind's own file in the chain room (protocol section 5).
import { ByteListType, ContainerType, type ValueOf } from "@chainsafe/ssz";
import { U8 } from "./ssz.ts";

/** Bytes of a payload at most: two records of a full round fit. */
export const MAX_EVIDENCE_BYTES = 64 * 1024;

export const EvidenceType = new ContainerType({
  /** Tag of the kind. */
  kind: U8,
  /** As the kind encodes it. */
  payload: new ByteListType(MAX_EVIDENCE_BYTES),
});
export type Evidence = ValueOf<typeof EvidenceType>;
