// The gossip table and the request table: limits, names, and the two forms in which a block is announced.
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/base/index.ts";
import {
  Attestation,
  AuditCommit,
  AuditReveal,
  Block,
  BlockNotice,
  Contribution,
  Header,
  MAX_GOSSIP_BYTES,
  MAX_REPLY_BYTES,
  MESSAGES,
  PROTOCOLS,
  REQUESTS,
  RoundRecord,
  TOPICS,
  Transaction,
} from "../../../src/codec/index.ts";
import { MAX_REQUEST_BYTES } from "../../../src/ports/index.ts";
import { alice, aTransfer, aWorld, bob, mineBlock, STAKES, someRecords } from "../../support/chain.ts";

const { rules, state } = aWorld(STAKES);
const tip = mineBlock(state, alice, rules).state;
const [record] = someRecords(tip, alice, [alice, bob], 1, rules) as [RoundRecord];
const transaction = aTransfer(tip, alice, bob.address, 5n);
const block = Block.wrap(mineBlock(tip, bob, rules, { records: [record], transactions: [transaction] }).block);
const word = { block: tip.tipId, height: 1, outcome: 1, digest: new Uint8Array(32), verifier: bob.address };
const seat = { audit: tip.tipId, height: 1, attester: bob.address };
const malformed = expect.objectContaining({ code: "BAD_ENCODING" });

describe("the gossip table", () => {
  it("has a topic for each kind of message, with a limit that a wire carries", () => {
    const audits = ["audit-commit", "audit-reveal", "evidence"];
    expect(TOPICS).toEqual(["block", "transaction", "contribution", "record", "attestation", ...audits]);
    for (const topic of TOPICS) expect(MESSAGES[topic].limit, topic).toBeLessThanOrEqual(MAX_GOSSIP_BYTES);
  });

  it.each([
    ["transaction", Transaction.wrap(transaction)],
    ["record", RoundRecord.wrap(record)],
    ["contribution", Contribution.wrap(record.contributions[0] as Contribution)],
    ["attestation", Attestation.wrap(Attestation.sign(word, bob, rules.genesis))],
    ["audit-commit", AuditCommit.wrap(AuditCommit.sign({ ...seat, commitment: tip.tipId }, bob, rules.genesis))],
    ["audit-reveal", AuditReveal.wrap({ ...seat, outcome: 0, trace: tip.tipId, salt: tip.tipId })],
  ] as const)("reads a %s as it is", (topic, made) => {
    const { bytes } = made;
    expect(bytes.length).toBeLessThanOrEqual(MESSAGES[topic].limit);
    expect(MESSAGES[topic].read(bytes)).toEqual(made);
    expect(() => MESSAGES[topic].read(bytes.subarray(1))).toThrow(malformed);
  });
});

describe("a block on gossip", () => {
  it("is whole when it fits, with the id of its header", () => {
    const message = BlockNotice.of(block);
    expect([message[0], message.length]).toEqual([0, block.bytes.length + 1]);
    const read = MESSAGES.block.read(message);
    expect(read).toEqual({ value: { kind: "block", block }, bytes: message, id: Header.id(block.value.header) });
  });

  it.each([
    ["one byte below the limit, whole", -1, 0],
    ["at the limit, its header", 0, 1],
    ["above it, its header", 1000, 1],
  ] as const)("is, %s", (_what, more, form) => {
    // Only the length decides: the bytes stand for a block of that size.
    const sized = { ...block, bytes: new Uint8Array(MAX_GOSSIP_BYTES + more) };
    const message = BlockNotice.of(sized);
    expect(message[0]).toBe(form);
    expect(message.length).toBeLessThanOrEqual(MAX_GOSSIP_BYTES);
    if (form === 1) {
      const { header } = block.value;
      expect(BlockNotice.read(message)).toEqual({ value: { kind: "header", header }, bytes: message, id: block.id });
    }
  });

  it("has no third form, and none in a wrong envelope", () => {
    const header = Header.codec.encode(block.value.header);
    const bad = [
      new Uint8Array(0),
      Uint8Array.of(0),
      Uint8Array.of(1),
      block.bytes,
      ...[2, 255].map((form) => concatBytes(Uint8Array.of(form), block.bytes)),
      concatBytes(Uint8Array.of(1), block.bytes),
      concatBytes(Uint8Array.of(0), header),
      concatBytes(Uint8Array.of(1), header, Uint8Array.of(0)),
    ];
    for (const message of bad) expect(() => BlockNotice.read(message)).toThrow(malformed);
  });
});

describe("the request table", () => {
  it("has a question and an answer for each protocol, within the wire's limits", () => {
    expect(PROTOCOLS).toEqual(["status", "headers", "blocks", "blob", "round"]);
    for (const protocol of PROTOCOLS) {
      const { request, reply } = REQUESTS[protocol];
      expect(request.maxBytes, protocol).toBeLessThanOrEqual(MAX_REQUEST_BYTES);
      expect(reply.maxBytes, protocol).toBeLessThanOrEqual(MAX_REPLY_BYTES);
    }
  });
});
