// Transactions: a tagged union. The envelope is here; what a kind's payload holds and does is the kind's own file in the chain room (protocol section 8).
import { ByteListType, type ValueOf } from "@chainsafe/ssz";
import { signedObject } from "./signed-object.ts";
import { Bytes32, U8, U64 } from "./ssz.ts";

/** Bytes of a payload at most. */
export const MAX_PAYLOAD_BYTES = 72 * 1024;

export const Transaction = signedObject(
  "transaction",
  {
    /** Genesis hash: a transaction of one network means nothing on another. */
    genesis: Bytes32,
    from: Bytes32,
    /** The sender's account nonce; each value is used once. */
    nonce: U64,
    /** To the winner of the block that carries it. */
    fee: U64,
    /** Tag of the kind. */
    kind: U8,
    /** As the kind encodes it. */
    payload: new ByteListType(MAX_PAYLOAD_BYTES),
  },
  { signer: "from" },
);
export type Transaction = ValueOf<typeof Transaction.type>;
export type UnsignedTransaction = ValueOf<typeof Transaction.unsignedType>;
