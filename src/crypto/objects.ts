// Ids and signatures of the protocol's objects. An id is the SSZ root of the unsigned object; a signature is over that root,
// under a domain of the object's kind and the genesis hash, so nothing signed for one network or kind means anything in another.
import type { Hash32 } from "../base/index.ts";
import {
  type Contribution,
  type Header,
  type Record,
  type SignedVerdict,
  type Transfer,
  type UnsignedContribution,
  UnsignedContributionType,
  type UnsignedHeader,
  UnsignedHeaderType,
  type UnsignedRecord,
  UnsignedRecordType,
  type UnsignedTransfer,
  UnsignedTransferType,
  type UnsignedVerdict,
  UnsignedVerdictType,
} from "../codec/index.ts";
import { type KeyPair, verifySignature } from "./ed25519.ts";
import { taggedHash } from "./hash.ts";

/** Id of a block: root of its header without the signature. */
export const blockId = (header: UnsignedHeader): Hash32 => UnsignedHeaderType.hashTreeRoot(header) as Hash32;
export const recordId = (record: UnsignedRecord): Hash32 => UnsignedRecordType.hashTreeRoot(record) as Hash32;
export const contributionId = (contribution: UnsignedContribution): Hash32 =>
  UnsignedContributionType.hashTreeRoot(contribution) as Hash32;
export const transferId = (transfer: UnsignedTransfer): Hash32 => UnsignedTransferType.hashTreeRoot(transfer) as Hash32;
export const verdictId = (verdict: UnsignedVerdict): Hash32 => UnsignedVerdictType.hashTreeRoot(verdict) as Hash32;

const SIGNED = ["header", "record", "contribution", "transfer", "verdict"] as const;
type Kind = (typeof SIGNED)[number];

const message = (kind: Kind, genesis: Uint8Array, id: Uint8Array): Uint8Array =>
  taggedHash(`sign ${kind}`, genesis, id);

function check(kind: Kind, genesis: Uint8Array, id: Uint8Array, address: Uint8Array, signature: Uint8Array): boolean {
  return verifySignature(address, message(kind, genesis, id), signature);
}

/** Signs as `header.miner`; the caller's key must be that address's. The same holds for the signers below. */
export const signHeader = (header: UnsignedHeader, key: KeyPair, genesis: Uint8Array): Header => ({
  ...header,
  signature: key.sign(message("header", genesis, blockId(header))),
});
export const signRecord = (record: UnsignedRecord, key: KeyPair, genesis: Uint8Array): Record => ({
  ...record,
  signature: key.sign(message("record", genesis, recordId(record))),
});
export const signContribution = (c: UnsignedContribution, key: KeyPair, genesis: Uint8Array): Contribution => ({
  ...c,
  signature: key.sign(message("contribution", genesis, contributionId(c))),
});
/** The network is the transfer's own `genesis` field. */
export const signTransfer = (transfer: UnsignedTransfer, key: KeyPair): Transfer => ({
  ...transfer,
  signature: key.sign(message("transfer", transfer.genesis, transferId(transfer))),
});
export const signVerdict = (verdict: UnsignedVerdict, key: KeyPair, genesis: Uint8Array): SignedVerdict => ({
  ...verdict,
  signature: key.sign(message("verdict", genesis, verdictId(verdict))),
});

export const verifyHeader = (header: Header, genesis: Uint8Array): boolean =>
  check("header", genesis, blockId(header), header.miner, header.signature);
export const verifyRecord = (record: Record, genesis: Uint8Array): boolean =>
  check("record", genesis, recordId(record), record.leader, record.signature);
export const verifyContribution = (c: Contribution, genesis: Uint8Array): boolean =>
  check("contribution", genesis, contributionId(c), c.author, c.signature);
export const verifyTransfer = (transfer: Transfer): boolean =>
  check("transfer", transfer.genesis, transferId(transfer), transfer.from, transfer.signature);
export const verifyVerdict = (verdict: SignedVerdict, genesis: Uint8Array): boolean =>
  check("verdict", genesis, verdictId(verdict), verdict.verifier, verdict.signature);
