// The primitive SSZ types and the one strict way to decode: bytes that do not re-encode to themselves are refused.
import "./hasher.ts";
import {
  ByteListType,
  ByteVectorType,
  ContainerType,
  type Type,
  UintBigintType,
  UintNumberType,
  type ValueOf,
} from "@chainsafe/ssz";
import { bytesEqual, type Hash32, memoised, messageOf, PouwError } from "../base/index.ts";

export const U8: UintNumberType = new UintNumberType(1);
export const U16: UintNumberType = new UintNumberType(2);
export const U32: UintNumberType = new UintNumberType(4);
/** Milliseconds since 1970; a number, exact up to 2^53. */
export const Time: UintNumberType = new UintNumberType(8);
export const U64: UintBigintType = new UintBigintType(8);
export const Bytes32: ByteVectorType = new ByteVectorType(32);
export const Bytes64: ByteVectorType = new ByteVectorType(64);
/** UTF-8 text of at most 64 bytes. */
export const Text: ByteListType = new ByteListType(64);

/**
 * A container that hashes each value once, however many others hold it: a contribution counts in its record's id, and in the body's root.
 * Nobody changes an object that is made.
 */
export class HashedOnceType<F extends { [name: string]: Type<unknown> }> extends ContainerType<F> {
  readonly #root = memoised((value: ValueOf<ContainerType<F>> & object) => {
    const root = new Uint8Array(32);
    super.hashTreeRootInto(value, root, 0);
    return root;
  });

  override hashTreeRootInto(value: ValueOf<ContainerType<F>>, output: Uint8Array, offset: number): void {
    output.set(this.#root(value as ValueOf<ContainerType<F>> & object), offset);
  }
}

/** An object with the bytes that it came in, or goes out in, and its id: decoded once, then passed on as a whole. */
export interface Decoded<T> {
  readonly value: T;
  readonly bytes: Uint8Array;
  readonly id: Hash32;
}

/** One object family on the wire: canonical bytes in, value out. */
export interface Codec<T> {
  readonly name: string;
  /** Bytes above this are refused before any is looked at. */
  readonly maxBytes: number;
  encode(value: T): Uint8Array;
  /** Throws PouwError BAD_ENCODING unless `bytes` is exactly the encoding of the returned value. */
  decode(bytes: Uint8Array): T;
  /** SSZ hash tree root, 32 bytes. */
  root(value: T): Uint8Array;
}

/**
 * A strict codec over an SSZ type. `maxBytes` defaults to the type's own maximum. With `shares` the bytes in a decoded value are those
 * of the message, not copies: for messages of which one field is nearly all.
 */
export function codecOf<T>(
  name: string,
  type: Type<T>,
  { maxBytes = type.maxSize, shares = false }: { readonly maxBytes?: number; readonly shares?: boolean } = {},
): Codec<T> {
  const refuse = (why: string, cause?: unknown): PouwError =>
    new PouwError("BAD_ENCODING", `not a ${name}: ${why}`, cause === undefined ? {} : { cause });
  return {
    name,
    maxBytes,
    encode: (value) => type.serialize(value),
    root: (value) => type.hashTreeRoot(value),
    decode(bytes) {
      if (bytes.length > maxBytes) throw refuse(`${bytes.length} bytes, at most ${maxBytes} allowed`);
      let value: T;
      try {
        // A plain view, so that what the library copies of a Buffer is none.
        const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
        value = type.deserialize(plain, { reuseBytes: shares });
      } catch (error) {
        throw refuse(messageOf(error), error);
      }
      if (!bytesEqual(serializedAgain(type, value), bytes)) throw refuse("not in canonical form");
      return value;
    },
  };
}

/** Where values are serialized that are only compared: a copy of every message is what makes V8 collect garbage. */
let scratch = new ArrayBuffer(64 * 1024);
/** Longer ones are rare, and nothing keeps room for them. */
const MAX_SCRATCH = 1 << 20;

/** The encoding of `value`, to be read at once: the next one is written over it. */
function serializedAgain<T>(type: Type<T>, value: T): Uint8Array {
  const size = type.value_serializedSize(value);
  if (size > MAX_SCRATCH) return type.serialize(value);
  if (size > scratch.byteLength) scratch = new ArrayBuffer(MAX_SCRATCH);
  const uint8Array = new Uint8Array(scratch, 0, size);
  // A field that the type leaves as it is would else be what stood here before.
  uint8Array.fill(0);
  type.value_serializeToBytes({ uint8Array, dataView: new DataView(scratch, 0, size) }, 0, value);
  return uint8Array;
}
