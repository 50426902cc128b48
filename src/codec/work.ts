// What training leaves behind: contributions, records and verdicts (protocol sections 2, 3 and 5).
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { Bytes32, Bytes64, type Codec, codecOf, U8, U32 } from "./ssz.ts";

/** Contributions in one record at most. */
export const MAX_CONTRIBUTIONS = 64;

const contributionFields = {
  task: Bytes32,
  /** Round t whose common state the unit started from. */
  round: U32,
  /** Height of the block whose beacon seeded the unit. */
  height: U32,
  author: Bytes32,
  mlNode: U32,
  /** Unit index i within (block, round, author, ML node). */
  index: U32,
  /** digest(P(t)). */
  startDigest: Bytes32,
  /** d = digest(P'). */
  digest: Bytes32,
  /** Delta codec: 0 `exact`. */
  codec: U8,
  /** SHA-256 of the encoded delta; the bytes travel on their own, by this hash. */
  deltaHash: Bytes32,
  deltaBytes: U32,
};
export const UnsignedContributionType = new ContainerType(contributionFields);
export const ContributionType = new ContainerType({ ...contributionFields, signature: Bytes64 });
/** The result of one unit, signed by its author. */
export type Contribution = ValueOf<typeof ContributionType>;
export type UnsignedContribution = ValueOf<typeof UnsignedContributionType>;

const recordFields = {
  task: Bytes32,
  /** The round that this record closes: it makes P(round + 1) from P(round). */
  round: U32,
  /** Height of the block whose winner leads; the record builds on that block. */
  height: U32,
  /** Hash of that block. */
  block: Bytes32,
  /** Id of the previous record of the task on this branch; the task's id before the first. */
  parent: Bytes32,
  /** In the order in which they are aggregated: ascending (author, mlNode, height, index). */
  contributions: new ListCompositeType(ContributionType, MAX_CONTRIBUTIONS),
  /** digest(P(round + 1)). */
  nextDigest: Bytes32,
  leader: Bytes32,
};
export const UnsignedRecordType = new ContainerType(recordFields);
export const RecordType = new ContainerType({ ...recordFields, signature: Bytes64 });
/** What a round's leader signs: the contributions that make the next common state. */
export type RoundRecord = ValueOf<typeof RecordType>;
export type UnsignedRoundRecord = ValueOf<typeof UnsignedRecordType>;

/** Outcomes of a re-execution, as encoded in a verdict. */
export const OUTCOMES = ["valid", "invalid", "unavailable"] as const;
export type Outcome = (typeof OUTCOMES)[number];

const verdictFields = {
  /** Id of the block whose winning unit was re-executed. */
  block: Bytes32,
  height: U32,
  /** Index into OUTCOMES. */
  outcome: U8,
  /** Digest the verifier computed; zero when unavailable. */
  digest: Bytes32,
  verifier: Bytes32,
};
export const UnsignedVerdictType = new ContainerType(verdictFields);
export const VerdictType = new ContainerType({ ...verdictFields, signature: Bytes64 });
/** A verifier's signed word on a block's winning unit. */
export type Attestation = ValueOf<typeof VerdictType>;
export type UnsignedAttestation = ValueOf<typeof UnsignedVerdictType>;

export const contributionCodec: Codec<Contribution> = codecOf("contribution", ContributionType);
export const recordCodec: Codec<RoundRecord> = codecOf("record", RecordType);
export const verdictCodec: Codec<Attestation> = codecOf("verdict", VerdictType);
