// Oversized, truncated and bit-flipped messages on every topic and protocol: refused, blamed where provable, and the engine goes on.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PouwError, type Verdict } from "../../src/base/index.ts";
import { evidenceOf, forgedUnit, transferOf } from "../../src/chain/index.ts";
import {
  Attestation,
  AuditCommit,
  AuditReveal,
  type Codec,
  Contribution,
  EvidenceMessage,
  MAX_GOSSIP_BYTES,
  MAX_REPLY_BYTES,
  PROTOCOLS,
  type Protocol,
  REQUESTS,
  RoundRecord,
  TOPICS,
  type Topic,
  Transaction,
} from "../../src/codec/index.ts";
import { aBlock, aUnit, placeOf, recordAt } from "../support/forge.ts";
import { blockMessage, type Evil, Lab, type Node } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const leader = Sim.key("leader");
let lab: Lab;
let victim: Node;
let good: Evil;
/** One honest message of each topic, and one request of each protocol. */
let messages: Readonly<Record<Topic, Uint8Array>>;
let requests: Readonly<Record<Protocol, Uint8Array>>;
const replies: Readonly<Record<Protocol, Codec<never>>> = {
  status: REQUESTS.status.request as Codec<never>,
  headers: REQUESTS.headers.reply as Codec<never>,
  blocks: REQUESTS.blocks.reply as Codec<never>,
  blob: REQUESTS.blob.reply as Codec<never>,
  round: REQUESTS.round.reply as Codec<never>,
};

beforeAll(async () => {
  lab = new Lab({ allocations: [{ address: Buffer.from(leader.address).toString("hex"), amount: "1000" }] });
  victim = await lab.node("v", {});
  const winner = await lab.evil([victim]);
  await lab.tellBlock(winner, victim, aBlock(lab, leader, await placeOf(victim)));
  await lab.clock.run(12_000);
  const place = await placeOf(victim);
  const [unit, other] = [aUnit(lab, leader, place), aUnit(lab, leader, place, { index: 1 })];
  good = await lab.evil([victim], lab.serving(unit.delta, other.delta));
  const { genesis } = lab.network.rules;
  const { tipId, height } = place.state;
  const word = { block: tipId, height, outcome: 0, digest: new Uint8Array(32), verifier: leader.address };
  const payment = transferOf({
    genesis,
    from: leader.address,
    to: Sim.key("shop").address,
    amount: 1n,
    fee: 1n,
    nonce: 0n,
  });
  const seat = { audit: Contribution.id(unit.contribution), height: 1, attester: leader.address };
  messages = {
    contribution: Contribution.codec.encode(unit.contribution),
    transaction: Transaction.codec.encode(Transaction.sign(payment, leader, genesis)),
    attestation: Attestation.codec.encode(Attestation.sign(word, leader, genesis)),
    record: RoundRecord.codec.encode(recordAt(lab, leader, place, [other])),
    "audit-commit": AuditCommit.codec.encode(AuditCommit.sign({ ...seat, commitment: tipId }, leader, genesis)),
    "audit-reveal": AuditReveal.codec.encode({ ...seat, outcome: 0, trace: tipId, salt: tipId }),
    evidence: EvidenceMessage.codec.encode(evidenceOf(forgedUnit, { contribution: unit.contribution })),
    block: blockMessage(aBlock(lab, leader, place)),
  };
  requests = {
    status: REQUESTS.status.request.encode(lab.status()),
    headers: REQUESTS.headers.request.encode({ known: [tipId], count: 5 }),
    blocks: REQUESTS.blocks.request.encode({ ids: [tipId] }),
    blob: REQUESTS.blob.request.encode({ kind: 0, id: place.start, offset: 0, length: 100 }),
    round: REQUESTS.round.request.encode({ task: lab.task.id, head: tipId }),
  };
});
afterAll(() => lab.close());

const judge = async (topic: Topic, data: Uint8Array): Promise<Verdict> => {
  const verdict = victim.handlers.gossip(topic, data, { from: good.name, author: good.name });
  let done = false;
  void verdict.finally(() => {
    done = true;
  });
  await lab.clock.run(60_000, () => done);
  return verdict;
};

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const out = bytes.slice();
  out[bit >> 3] = (out[bit >> 3] as number) ^ (1 << (bit & 7));
  return out;
}

/** Bits to flip, spread over the whole message, the first bytes all. */
function* bits(bytes: Uint8Array): Generator<number> {
  const step = Math.max(1, Math.floor(bytes.length / 60));
  for (let at = 0; at < bytes.length; at += at < 16 ? 1 : step) yield 8 * at + Math.floor(lab.random() * 8);
}

const cuts = (bytes: Uint8Array): number[] => [0, 1, 2, 4, 31, bytes.length >> 1, bytes.length - 33, bytes.length - 1];

describe.each(TOPICS)("topic %s", (topic) => {
  it("rejects truncated messages", async () => {
    for (const length of cuts(messages[topic]))
      expect(await judge(topic, messages[topic].subarray(0, length))).toMatchObject({
        kind: "reject",
        code: "bad-encoding",
      });
  });

  it("rejects messages with bytes too many, up to the limit of gossip and beyond", async () => {
    for (const length of [messages[topic].length + 1, MAX_GOSSIP_BYTES, 3 * MAX_GOSSIP_BYTES, 5 << 20]) {
      const long = new Uint8Array(length);
      long.set(messages[topic]);
      expect(await judge(topic, long)).toMatchObject({ kind: "reject", code: "bad-encoding" });
      if (length > MAX_GOSSIP_BYTES)
        await expect(good.wire.publish(topic, long)).rejects.toMatchObject({ code: "WIRE_FAILED" });
    }
  });

  it("accepts no message with a bit flipped", async () => {
    for (const bit of bits(messages[topic])) {
      const verdict = await judge(topic, flipped(messages[topic], bit));
      expect(["reject", "ignore"], `bit ${bit}`).toContain(verdict.kind);
      if (verdict.kind !== "accept") expect(verdict.code, verdict.reason).not.toBe("failed");
    }
  });

  it("rejects messages of other topics", async () => {
    for (const other of TOPICS)
      if (other !== topic) expect(await judge(topic, messages[other])).toMatchObject({ kind: "reject" });
  });

  it("bans the relayer after three", async () => {
    const evil = await lab.evil([victim]);
    for (let i = 0; i < 3; i++) await lab.tell(evil, victim, topic, Uint8Array.of(9, i));
    expect(evil.linked(victim)).toBe(false);
  });
});

describe.each(PROTOCOLS)("protocol %s", (protocol) => {
  const ask = (data: Uint8Array): Promise<Uint8Array> => victim.handlers.request(protocol, data, "asker");

  it("answers an honest request", async () => {
    const reply = await ask(requests[protocol]);
    expect(() => replies[protocol].decode(reply)).not.toThrow();
  });

  it("refuses truncated and overlong requests as malformed", async () => {
    // Cut in its last, variable part a message is another valid one: a shorter name or list.
    const tail = { status: lab.network.rules.network.length, headers: 32, blocks: 32, blob: 0, round: 0 }[protocol];
    const fixed = requests[protocol].length - tail;
    for (const length of [0, 1, 2, fixed >> 1, fixed - 1])
      await expect(ask(requests[protocol].subarray(0, length)), `${length}`).rejects.toMatchObject({
        code: "BAD_ENCODING",
      });
    const long = new Uint8Array(100_000).fill(1);
    long.set(requests[protocol]);
    await expect(ask(long)).rejects.toMatchObject({ code: "BAD_ENCODING" });
  });

  it("answers a request with a bit flipped with a whole reply, or calls it malformed", async () => {
    for (let bit = 0; bit < 8 * requests[protocol].length; bit++) {
      try {
        const reply = await ask(flipped(requests[protocol], bit));
        expect(reply.length).toBeLessThanOrEqual(MAX_REPLY_BYTES);
        replies[protocol].decode(reply);
      } catch (error) {
        expect(error).toBeInstanceOf(PouwError);
        expect((error as PouwError).code).toBe("BAD_ENCODING");
      }
    }
  });
});

it("takes every honest message after all that", async () => {
  for (const topic of ["contribution", "transaction", "attestation", "record", "block"] as const)
    expect(await judge(topic, messages[topic]), topic).toEqual({ kind: "accept" });
  expect(victim.engine.ledger.head.height).toBe(2);
});
