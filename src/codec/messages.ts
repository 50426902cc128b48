// The gossip table: each topic with the codec of its messages and their limit. What is done with a message is the engine's intake (protocol section 10).
import { concatBytes, PouwError } from "../base/index.ts";
import { AuditCommit, AuditReveal } from "./audit.ts";
import { Block, Header } from "./block.ts";
import { EvidenceMessage } from "./evidence.ts";
import type { Decoded } from "./ssz.ts";
import { Transaction } from "./transaction.ts";
import { Attestation, Contribution, RoundRecord } from "./work.ts";

/** Largest gossip message in bytes; anything longer is pulled by hash. */
export const MAX_GOSSIP_BYTES = 256 * 1024;

/** A block as gossip carries it: whole, or only its header when it is too large. */
export type BlockNotice =
  | { readonly kind: "block"; readonly block: Decoded<Block> }
  | { readonly kind: "header"; readonly header: Header };

/** First byte of a block notice. */
const WHOLE = 0;
const HEADER_ONLY = 1;

export const BlockNotice = {
  read(bytes: Uint8Array): Decoded<BlockNotice> {
    if (bytes[0] === WHOLE) {
      const block = Block.read(bytes.subarray(1));
      return { value: { kind: "block", block }, bytes, id: block.id };
    }
    if (bytes[0] !== HEADER_ONLY) throw new PouwError("BAD_ENCODING", "not a block message");
    const header = Header.read(bytes.subarray(1));
    return { value: { kind: "header", header: header.value }, bytes, id: header.id };
  },
  /** The message of a block: whole if it fits. */
  of({ value, bytes }: Decoded<Block>): Uint8Array {
    return bytes.length < MAX_GOSSIP_BYTES
      ? concatBytes(Uint8Array.of(WHOLE), bytes)
      : concatBytes(Uint8Array.of(HEADER_ONLY), Header.codec.encode(value.header));
  },
} as const;

export interface Message<T> {
  /** Decodes a message, once; throws BAD_ENCODING. */
  readonly read: (bytes: Uint8Array) => Decoded<T>;
  /** Bytes of a message at most: a longer one is refused unread. */
  readonly limit: number;
}

const message = <T>(read: Message<T>["read"], limit: number): Message<T> => ({ read, limit });

/** topic -> message. A new message is a row here and a file in engine/intake. */
export const MESSAGES = {
  block: message(BlockNotice.read, MAX_GOSSIP_BYTES),
  transaction: message(Transaction.read, Transaction.codec.maxBytes),
  contribution: message(Contribution.read, Contribution.codec.maxBytes),
  record: message(RoundRecord.read, RoundRecord.codec.maxBytes),
  attestation: message(Attestation.read, Attestation.codec.maxBytes),
  "audit-commit": message(AuditCommit.read, AuditCommit.codec.maxBytes),
  "audit-reveal": message(AuditReveal.read, AuditReveal.codec.maxBytes),
  evidence: message(EvidenceMessage.read, EvidenceMessage.codec.maxBytes),
} as const satisfies { readonly [topic: string]: Message<unknown> };

/** Gossip topics; the wire prefixes the network's name. */
export type Topic = keyof typeof MESSAGES;
export const TOPICS = Object.keys(MESSAGES) as readonly Topic[];
/** What a topic's messages hold. */
export type MessageOf<T extends Topic> = ReturnType<(typeof MESSAGES)[T]["read"]>["value"];
