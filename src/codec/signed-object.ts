// Objects that somebody signs, each from one table of fields: types, codec, id, signature. An id is the SSZ root of the unsigned
// object; a signature is over that root, under a domain of the object's kind and the genesis hash, so nothing signed for one
// network or kind means anything in another (protocol section 1).
import { type ByteVectorType, ContainerType, type Type, type ValueOf } from "@chainsafe/ssz";
import { type Hash32, memoised, type SignedMessage } from "../base/index.ts";
import { type KeyPair, taggedHash, verifySignature } from "../crypto/index.ts";
import { Bytes64, type Codec, codecOf, type Decoded, HashedOnceType } from "./ssz.ts";

interface Fields {
  readonly [name: string]: Type<unknown>;
}
type Signed<F extends Fields> = F & { readonly signature: ByteVectorType };

export interface SignedObject<F extends Fields> {
  readonly kind: string;
  readonly type: ContainerType<Signed<F>>;
  readonly unsignedType: ContainerType<F>;
  readonly codec: Codec<ValueOf<ContainerType<Signed<F>>>>;
  /** Root of the object without its signature. */
  id(value: ValueOf<ContainerType<F>>): Hash32;
  /** Signs as the object's signer; the key must be that address's. */
  sign(value: ValueOf<ContainerType<F>>, key: KeyPair, genesis: Uint8Array): ValueOf<ContainerType<Signed<F>>>;
  /** What `verify` looks at, for whoever verifies many ahead. */
  signed(value: ValueOf<ContainerType<Signed<F>>>, genesis: Uint8Array): SignedMessage;
  /** Whether the signature is the signer's. */
  verify(value: ValueOf<ContainerType<Signed<F>>>, genesis: Uint8Array): boolean;
  /** Decodes once; throws BAD_ENCODING. */
  read(bytes: Uint8Array): Decoded<ValueOf<ContainerType<Signed<F>>>>;
  /** The same of an own object: what its bytes decode to. */
  wrap(value: ValueOf<ContainerType<Signed<F>>>): Decoded<ValueOf<ContainerType<Signed<F>>>>;
}

/** `signer` is the field that holds the signer's address. */
export function signedObject<F extends Fields>(
  kind: string,
  fields: F,
  { signer }: { readonly signer: keyof F & string },
): SignedObject<F> {
  type Unsigned = ValueOf<ContainerType<F>>;
  type Value = ValueOf<ContainerType<Signed<F>>>;
  const unsignedType = new ContainerType(fields);
  const type = new HashedOnceType<Signed<F>>({ ...fields, signature: Bytes64 });
  const codec: Codec<Value> = codecOf(kind, type as unknown as Type<Value>);
  // A root looks at the type's own fields only, so a signed value gives its unsigned root.
  // Nobody changes an object that is made: its root is the same for ever, and one of a record is a hash of all its contributions.
  const id = memoised((value: Unsigned & object) => unsignedType.hashTreeRoot(value) as Hash32);
  const message = (value: Unsigned, genesis: Uint8Array): Uint8Array => taggedHash(`sign ${kind}`, genesis, id(value));
  const read = (bytes: Uint8Array): Decoded<Value> => {
    const value = codec.decode(bytes);
    return { value, bytes, id: id(value as unknown as Unsigned) };
  };
  const signed = (object: Value, genesis: Uint8Array): SignedMessage => {
    const value = object as unknown as Unsigned & { readonly signature: Uint8Array };
    const address = (value as unknown as { [name: string]: Uint8Array })[signer] as Uint8Array;
    return { address, message: message(value, genesis), signature: value.signature };
  };
  return {
    kind,
    type,
    unsignedType,
    codec,
    id,
    sign: (value, key, genesis) => ({ ...value, signature: key.sign(message(value, genesis)) }) as unknown as Value,
    signed,
    verify: (object, genesis) => {
      const { address, message: over, signature } = signed(object, genesis);
      return verifySignature(address, over, signature);
    },
    read,
    // An own object is judged by what its bytes say, as everybody else will.
    wrap: (value) => read(codec.encode(value)),
  };
}
