// Ids and signatures of objects: every field counts, the signature does not change the id, and nothing replays elsewhere.
import { describe, expect, it } from "vitest";
import { type Hash32, toHex, utf8 } from "../../../src/base/index.ts";
import type {
  UnsignedAttestation,
  UnsignedContribution,
  UnsignedHeader,
  UnsignedRoundRecord,
  UnsignedTransfer,
} from "../../../src/codec/index.ts";
import * as crypto from "../../../src/crypto/index.ts";

const key = crypto.keyPairFromSecret(crypto.sha256(utf8("objects")));
const h = (text: string): Hash32 => crypto.sha256(utf8(text));
const [here, there] = [h("genesis"), h("another genesis")];

const contribution: UnsignedContribution = {
  task: h("task"),
  round: 3,
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
  contributions: [crypto.Contribution.sign(contribution, key, here)],
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
const transfer: UnsignedTransfer = { genesis: here, from: key.address, to: h("to"), amount: 5n, fee: 1n, nonce: 0n };
const verdict: UnsignedAttestation = {
  block: h("block"),
  height: 8,
  outcome: 0,
  digest: h("digest"),
  verifier: key.address,
};

/** One row per kind: its id, its signer and its check, over plain objects. */
const kinds = [
  {
    name: "header",
    id: crypto.blockId,
    sign: crypto.signHeader,
    verify: crypto.verifyHeader,
    object: header,
    who: "miner",
  },
  {
    name: "record",
    id: crypto.recordId,
    sign: crypto.signRecord,
    verify: crypto.verifyRecord,
    object: record,
    who: "leader",
  },
  {
    name: "contribution",
    id: crypto.contributionId,
    sign: crypto.signContribution,
    verify: crypto.verifyContribution,
    object: contribution,
    who: "author",
  },
  {
    name: "verdict",
    id: crypto.verdictId,
    sign: crypto.signVerdict,
    verify: crypto.verifyVerdict,
    object: verdict,
    who: "verifier",
  },
] as const;

function changed(value: unknown): unknown {
  if (value instanceof Uint8Array) return h(`not ${toHex(value)}`);
  if (typeof value === "bigint") return value + 1n;
  if (typeof value === "number") return value + 1;
  return [];
}

describe.each(kinds)("a $name", ({ id, sign, verify, object, who }) => {
  // The rows differ in type; inside one row they belong together.
  const idOf = id as (object: object) => Hash32;
  const signed = (sign as (o: object, k: crypto.KeyPair, g: Uint8Array) => { signature: Uint8Array })(
    object,
    key,
    here,
  );
  const ok = verify as (object: object, genesis: Uint8Array) => boolean;

  it("verifies as signed, and not for another network or signer", () => {
    expect(ok(signed, here)).toBe(true);
    expect(ok(signed, there)).toBe(false);
    expect(ok({ ...signed, [who]: h("somebody") }, here)).toBe(false);
  });

  it.each(Object.keys(object))("changes id and breaks its signature with field %s", (field) => {
    const other = { ...signed, [field]: changed((object as { [field: string]: unknown })[field]) };
    expect(idOf(other)).not.toEqual(idOf(object));
    expect(ok(other, here)).toBe(false);
  });

  it("has one id, signed or not", () => {
    expect(idOf(signed)).toEqual(idOf(object));
    expect(idOf({ ...signed, signature: new Uint8Array(64) })).toEqual(idOf(object));
  });
});

describe("a transfer", () => {
  const signed = crypto.signTransfer(transfer, key);
  it("verifies under the network it names", () => {
    expect(crypto.verifyTransfer(signed)).toBe(true);
    expect(crypto.verifyTransfer({ ...signed, genesis: there })).toBe(false);
    expect(crypto.verifyTransfer({ ...signed, amount: 6n })).toBe(false);
    expect(crypto.Transaction.id({ ...signed, fee: 2n })).not.toEqual(crypto.Transaction.id(signed));
  });
});

describe("a signature of one kind", () => {
  it("is nothing in another, even over the same id", () => {
    // The signing message names the kind: a signature over the bare root, as another kind might use it, does not pass.
    const bare = key.sign(crypto.Header.id(header));
    expect(crypto.Header.verify({ ...header, signature: bare }, here)).toBe(false);
    const asRecord = key.sign(crypto.taggedHash("sign record", here, crypto.Header.id(header)));
    expect(crypto.Header.verify({ ...header, signature: asRecord }, here)).toBe(false);
    const right = key.sign(crypto.taggedHash("sign header", here, crypto.Header.id(header)));
    expect(crypto.Header.verify({ ...header, signature: right }, here)).toBe(true);
  });
});
