// What training leaves behind: contributions, records and attestations (protocol sections 2, 3 and 5).
import { ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { signedObject } from "./signed-object.ts";
import { Bytes32, HashedOnceType, U8, U32 } from "./ssz.ts";

/** Contributions in one record at most. */
export const MAX_CONTRIBUTIONS = 64;

export const Contribution = signedObject(
  "contribution",
  {
    task: Bytes32,
    /** Round t whose common state the unit started from. */
    round: U32,
    /** Id and height of the block that the unit was run on: its beacon seeded the unit. */
    block: Bytes32,
    height: U32,
    author: Bytes32,
    mlNode: U32,
    /** Unit index i within (block, round, author, lane). */
    index: U32,
    /** digest(P(t)). */
    startDigest: Bytes32,
    /** d = digest(P'). */
    digest: Bytes32,
    /** Tag of the delta codec: 0 `exact`. */
    codec: U8,
    /** SHA-256 of the encoded delta; the bytes travel on their own, by this hash. */
    deltaHash: Bytes32,
    deltaBytes: U32,
  },
  { signer: "author" },
);
/** The result of one unit, signed by its author. */
export type Contribution = ValueOf<typeof Contribution.type>;
export type UnsignedContribution = ValueOf<typeof Contribution.unsignedType>;

const ContributionsType = new ListCompositeType(Contribution.type, MAX_CONTRIBUTIONS);

/** The record with which a block closes the round of its winner's task: unsigned, since the header covers it. */
export const ClosingType = new HashedOnceType({
  /** As in a leader's record; the winning one is among them. */
  contributions: ContributionsType,
  /** Digest of the common state after the block. */
  nextDigest: Bytes32,
});
export type ClosingRecord = ValueOf<typeof ClosingType>;

export const RoundRecord = signedObject(
  "record",
  {
    task: Bytes32,
    /** The round that this record closes: it makes P(round + 1) from P(round). */
    round: U32,
    /** Height of the block whose winner leads; the record builds on that block. */
    height: U32,
    /** Hash of that block. */
    block: Bytes32,
    /** Id of the previous record of the task on this branch; the task's id before the first. */
    parent: Bytes32,
    /** In ascending order of (author, mlNode, round, height, index). */
    contributions: ContributionsType,
    /** digest(P(round + 1)). */
    nextDigest: Bytes32,
    leader: Bytes32,
  },
  { signer: "leader" },
);
/** What a round's leader signs: the contributions that make the next common state. */
export type RoundRecord = ValueOf<typeof RoundRecord.type>;
export type UnsignedRoundRecord = ValueOf<typeof RoundRecord.unsignedType>;

/** Outcomes of a re-execution, as encoded in an attestation. */
export const OUTCOMES = ["valid", "invalid"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const Attestation = signedObject(
  "attestation",
  {
    /** Id of the block whose winning unit was re-executed. */
    block: Bytes32,
    height: U32,
    /** Index into OUTCOMES. */
    outcome: U8,
    /** Digest that the verifier computed; zero when the unit does not end. */
    digest: Bytes32,
    verifier: Bytes32,
  },
  { signer: "verifier" },
);
/** A verifier's signed word on a block's winning unit. */
export type Attestation = ValueOf<typeof Attestation.type>;
export type UnsignedAttestation = ValueOf<typeof Attestation.unsignedType>;
