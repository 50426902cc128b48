// Objects that somebody signs, as laws over all kinds: every field counts, the signature does not change the id, nothing replays
// elsewhere, and bytes are read in one form only.
import { describe, expect, it } from "vitest";
import { concatBytes, type Hash32, toHex, utf8 } from "../../../src/base/index.ts";
import {
  Attestation,
  Bytes32,
  Contribution,
  type Decoded,
  Header,
  RoundRecord,
  signedObject,
  Transaction,
  U32,
  type UnsignedAttestation,
  type UnsignedContribution,
  type UnsignedHeader,
  type UnsignedRoundRecord,
  type UnsignedTransaction,
} from "../../../src/codec/index.ts";
import { type KeyPair, keyPairFromSecret, sha256, taggedHash } from "../../../src/crypto/index.ts";

const key = keyPairFromSecret(sha256(utf8("objects")));
const h = (text: string): Hash32 => sha256(utf8(text));
const [here, there] = [h("genesis"), h("another genesis")];

const contribution: UnsignedContribution = {
  task: h("task"),
  round: 3,
  block: h("block"),
  height: 7,
  author: key.address,
  mlNode: 1,
  index: 2,
  startDigest: h("start"),
  digest: h("digest"),
  codec: 0,
  deltaHash: h("delta"),
  deltaBytes: 99,
};
const record: UnsignedRoundRecord = {
  task: h("task"),
  round: 3,
  height: 7,
  block: h("block"),
  parent: h("parent"),
  contributions: [Contribution.sign(contribution, key, here)],
  nextDigest: h("next"),
  leader: key.address,
};
const header: UnsignedHeader = {
  version: 1,
  height: 8,
  parent: h("parent"),
  time: 1234,
  miner: key.address,
  task: h("task"),
  round: 3,
  mlNode: 1,
  index: 2,
  startDigest: h("start"),
  digest: h("digest"),
  nonce: 5n,
  target: h("target"),
  bodyRoot: h("body"),
  stateRoot: h("state"),
};
const transaction: UnsignedTransaction = {
  genesis: here,
  from: key.address,
  nonce: 0n,
  fee: 1n,
  kind: 0,
  payload: concatBytes(h("to"), Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0)),
};
const attestation: UnsignedAttestation = {
  block: h("block"),
  height: 8,
  outcome: 0,
  digest: h("digest"),
  verifier: key.address,
};

interface Signed {
  readonly signature: Uint8Array;
  readonly [field: string]: unknown;
}
/** A signed object whatever its fields: the rows differ in type, inside one row they belong together. */
interface Kind {
  readonly kind: string;
  id(value: object): Hash32;
  sign(value: object, by: KeyPair, genesis: Uint8Array): Signed;
  verify(value: object, genesis: Uint8Array): boolean;
  readonly codec: { encode(value: object): Uint8Array; decode(bytes: Uint8Array): object; readonly name: string };
  read(bytes: Uint8Array): Decoded<object>;
  wrap(value: object): Decoded<object>;
}
const row = (name: string, who: string, kind: unknown, object: object) => ({ name, who, kind: kind as Kind, object });

const KINDS = [
  row("header", "miner", Header, header),
  row("record", "leader", RoundRecord, record),
  row("contribution", "author", Contribution, contribution),
  row("transaction", "from", Transaction, transaction),
  row("attestation", "verifier", Attestation, attestation),
];
const malformed = expect.objectContaining({ code: "BAD_ENCODING" });

function changed(value: unknown): unknown {
  if (value instanceof Uint8Array) return h(`not ${toHex(value)}`);
  if (typeof value === "bigint") return value + 1n;
  if (typeof value === "number") return value + 1;
  return [];
}

describe.each(KINDS)("a $name", ({ name, who, kind, object }) => {
  const signed = kind.sign(object, key, here);
  const bytes = kind.codec.encode(signed);

  it("verifies as signed, and not for another network or signer", () => {
    expect(kind.verify(signed, here)).toBe(true);
    expect(kind.verify(signed, there)).toBe(false);
    expect(kind.verify({ ...signed, [who]: h("somebody") }, here)).toBe(false);
    const other = keyPairFromSecret(sha256(utf8("another")));
    expect(kind.verify(kind.sign(object, other, here), here)).toBe(false);
    expect(kind.verify(kind.sign({ ...object, [who]: other.address }, other, here), here)).toBe(true);
  });

  it.each(Object.keys(object))("changes id and breaks its signature with field %s", (field) => {
    const other = { ...signed, [field]: changed((object as { [field: string]: unknown })[field]) };
    expect(kind.id(other)).not.toEqual(kind.id(object));
    expect(kind.verify(other, here)).toBe(false);
  });

  it("has one id, signed or not", () => {
    expect(kind.id(signed)).toEqual(kind.id(object));
    expect(kind.id({ ...signed, signature: new Uint8Array(64) })).toEqual(kind.id(object));
    expect(kind.id(kind.sign(object, key, there))).toEqual(kind.id(object));
  });

  it("breaks with every byte of its signature", () => {
    for (let at = 0; at < 64; at++) {
      const signature = signed.signature.with(at, (signed.signature[at] as number) ^ 1);
      expect(kind.verify({ ...signed, signature }, here)).toBe(false);
    }
  });

  it("leaves what it signs as it was", () => {
    expect("signature" in object).toBe(false);
    expect(kind.sign(object, key, here)).toEqual(signed);
  });

  it("is read from its own bytes, with them and its id", () => {
    const read = kind.read(bytes);
    expect(read.value).toEqual(signed);
    expect(read.bytes).toBe(bytes);
    expect(read.id).toEqual(kind.id(object));
    expect(kind.verify(read.value, here)).toBe(true);
    expect(kind.wrap(signed)).toEqual(read);
  });

  it("keeps nothing of the bytes that it was read from", () => {
    const given = bytes.slice();
    const { value, id } = kind.read(given);
    given.fill(0xff);
    expect(value).toEqual(signed);
    expect(kind.id(value)).toEqual(id);
  });

  it("is read from a Buffer as from plain bytes: no part of it is a view into it", () => {
    // A Buffer's slice() is a view, a Uint8Array's a copy.
    const given = Buffer.from(bytes);
    const { value } = kind.read(given);
    given.fill(0xff);
    expect(value).toEqual(signed);
    for (const field of Object.values(value))
      if (field instanceof Uint8Array) expect(Object.getPrototypeOf(field)).toBe(Uint8Array.prototype);
  });

  it("is not read from what does not encode to itself", () => {
    const cut = [0, 1, bytes.length >> 1, bytes.length - 1].map((length) => bytes.subarray(0, length));
    for (const bad of [...cut, concatBytes(bytes, Uint8Array.of(0)), concatBytes(Uint8Array.of(0), bytes)]) {
      // A payload has no end of its own: one byte more or less is another transaction, which nobody signed.
      if (name === "transaction" && Math.abs(bad.length - bytes.length) === 1 && bad[0] === bytes[0]) {
        const { value, id } = kind.read(bad);
        expect(kind.codec.encode(value)).toEqual(bad);
        expect(id).not.toEqual(kind.id(object));
        expect(kind.verify(value, here)).toBe(false);
        continue;
      }
      expect(() => kind.read(bad)).toThrow(malformed);
      expect(() => kind.read(bad)).toThrow(new RegExp(`^not a ${name}: `));
    }
  });

  it("is not read as any other kind", () => {
    for (const other of KINDS)
      if (other.name !== name) expect(() => other.kind.read(bytes), other.name).toThrow(malformed);
  });

  it("carries no signature of another kind, even over the same id", () => {
    const forge = (message: Uint8Array): boolean => kind.verify({ ...object, signature: key.sign(message) }, here);
    for (const other of KINDS)
      expect(forge(taggedHash(`sign ${other.name}`, here, kind.id(object))), other.name).toBe(other.name === name);
    expect(forge(kind.id(object))).toBe(false);
  });
});

describe("the kinds", () => {
  it("have a name each, which their codecs bear", () => {
    expect(new Set(KINDS.map(({ kind }) => kind.kind)).size).toBe(KINDS.length);
    for (const { name, kind } of KINDS) expect([kind.kind, kind.codec.name]).toEqual([name, name]);
  });

  it("are told apart by name alone: the same fields under another name sign otherwise", () => {
    const fields = { who: Bytes32, count: U32 };
    const [one, two] = ["one", "two"].map((kind) => signedObject(kind, fields, { signer: "who" }));
    if (one === undefined || two === undefined) throw new Error("not made");
    const signed = one.sign({ who: key.address, count: 7 }, key, here);
    expect(two.id(signed)).toEqual(one.id(signed));
    expect([one.verify(signed, here), two.verify(signed, here)]).toEqual([true, false]);
  });
});

describe("a transaction", () => {
  const signed = Transaction.sign(transaction, key, here);
  it("verifies under the network it names", () => {
    expect(Transaction.verify(signed, signed.genesis)).toBe(true);
    expect(Transaction.verify({ ...signed, genesis: there }, there)).toBe(false);
    expect(Transaction.verify({ ...signed, payload: signed.payload.with(32, 6) }, here)).toBe(false);
    expect(Transaction.id({ ...signed, fee: 2n })).not.toEqual(Transaction.id(signed));
  });

  it("has a payload of no more bytes than its limit", () => {
    const most = { ...signed, payload: new Uint8Array(72 * 1024) };
    expect(Transaction.read(Transaction.codec.encode(most)).value).toEqual(most);
    const more = concatBytes(Transaction.codec.encode(most), Uint8Array.of(0));
    expect(() => Transaction.read(more)).toThrow(malformed);
    expect(() => Transaction.read(more)).toThrow(/at most/);
    expect(Transaction.codec.maxBytes).toBe(more.length - 1);
  });
});

describe("a header", () => {
  it("is not read with a time that a number cannot hold: it would encode to another", () => {
    const bytes = Header.codec.encode(Header.sign(header, key, here));
    // version, height, parent, then the time.
    const at = 2 + 4 + 32;
    const timed = (time: bigint): Uint8Array => {
      const copy = bytes.slice();
      new DataView(copy.buffer).setBigUint64(at, time, true);
      return copy;
    };
    expect(Header.read(timed(1235n)).value.time).toBe(1235);
    expect(Header.read(timed(2n ** 53n)).value.time).toBe(2 ** 53);
    for (const time of [2n ** 53n + 1n, 2n ** 63n + 1n, 2n ** 64n - 2n]) {
      expect(() => Header.read(timed(time))).toThrow(malformed);
      expect(() => Header.read(timed(time))).toThrow(/not a header: /);
    }
  });
});

describe("a record", () => {
  const bytes = RoundRecord.codec.encode(RoundRecord.sign(record, key, here));

  it("is not read with a gap before its list, or with a list cut short", () => {
    // task, round, height, block, parent, then the offset of the contributions.
    const at = 32 + 4 + 4 + 32 + 32;
    const view = new DataView(bytes.slice().buffer);
    const offset = view.getUint32(at, true);
    expect(offset).toBe(at + 4 + 32 + 32 + 64);
    view.setUint32(at, offset + 1, true);
    const gap = concatBytes(new Uint8Array(view.buffer).subarray(0, offset), Uint8Array.of(0), bytes.subarray(offset));
    expect(() => RoundRecord.read(gap)).toThrow(malformed);
    expect(() => RoundRecord.read(bytes.subarray(0, -277))).not.toThrow();
    expect(() => RoundRecord.read(bytes.subarray(0, -276))).toThrow(malformed);
  });
});

describe("a signature of one kind", () => {
  it("is nothing in another, even over the same id", () => {
    // The signing message names the kind: a signature over the bare root, as another kind might use it, does not pass.
    const bare = key.sign(Header.id(header));
    expect(Header.verify({ ...header, signature: bare }, here)).toBe(false);
    const asRecord = key.sign(taggedHash("sign record", here, Header.id(header)));
    expect(Header.verify({ ...header, signature: asRecord }, here)).toBe(false);
    const right = key.sign(taggedHash("sign header", here, Header.id(header)));
    expect(Header.verify({ ...header, signature: right }, here)).toBe(true);
  });
});
