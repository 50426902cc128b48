// A message is decoded once, its signature checked once, and its bytes kept as they came: counted from the wire to the store.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import { Block, Contribution, Header, MAX_GOSSIP_BYTES, REQUESTS, RoundRecord } from "../../../src/codec/index.ts";
import { aTransfer } from "../../support/chain.ts";
import { aBlock, aUnit, placeOf, recordAt } from "../../support/forge.ts";
import { type Answer, blockMessage, Lab, type Node } from "../../support/lab.ts";
import { Sim } from "../../support/sim.ts";

const checked = vi.hoisted(() => ({ signatures: [] as string[] }));
vi.mock("node:crypto", async (original) => {
  const real = await original<typeof import("node:crypto")>();
  const verify = ((...args: Parameters<typeof real.verify>) => {
    checked.signatures.push(Buffer.from(args[3] as Uint8Array).toString("hex"));
    return real.verify(...args);
  }) as typeof real.verify;
  return { ...real, verify };
});

const key = Sim.key("author");
const reader = { verifies: true } as const;
let lab: Lab;
let victim: Node;

beforeEach(async () => {
  const [worker, stake] = [Sim.key("worker"), "1000000"];
  lab = new Lab({
    allocations: [
      { address: toHex(key.address), amount: "1000000000", stake },
      { address: toHex(worker.address), amount: "0", stake },
    ],
  });
  victim = await lab.node("v", reader);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await lab.close();
});

/** Counts from here on what happens to blocks and records in this process: one node is in it. */
function counters(): {
  readonly decoded: () => number;
  readonly encoded: () => number;
  readonly verified: (id: Uint8Array) => number;
} {
  const decode = vi.spyOn(Block.codec, "decode");
  const encode = vi.spyOn(Block.codec, "encode");
  const verify = vi.spyOn(Header, "verify");
  return {
    decoded: () => decode.mock.calls.length,
    encoded: () => encode.mock.calls.length,
    verified: (id) => verify.mock.calls.filter(([header]) => toHex(Header.id(header)) === toHex(id)).length,
  };
}

/** An answer that serves these bytes as a whole chain, and says so in the handshake. */
function serving(head: Uint8Array, work: bigint, blocks: readonly Uint8Array[]): Answer {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => Number((work >> BigInt(8 * (31 - i))) & 255n));
  const read = blocks.map((block) => Block.read(block));
  const chain = lab.chain(
    read.map(({ value }) => value),
    { head, height: blocks.length, work: bytes },
  );
  // Blocks go out as they are stored.
  return async (protocol, data, from) => {
    if (protocol !== "blocks") return chain(protocol, data, from);
    const wanted = new Set(REQUESTS.blocks.request.decode(data).ids.map(toHex));
    const found = read.filter(({ id }) => wanted.has(toHex(id)));
    return REQUESTS.blocks.reply.encode({ blocks: found.map((block) => block.bytes) });
  };
}

const stored = (node: Node, id: Uint8Array): Promise<Uint8Array | undefined> => node.engine.blocks.bytes(id);

describe("a block", () => {
  it("that came by gossip is decoded once, its header checked once, and stored as it came", async () => {
    const evil = await lab.evil([victim]);
    const block = aBlock(lab, key, await placeOf(victim));
    const message = blockMessage(block);
    const id = Header.id(block.header);
    const { decoded, encoded, verified } = counters();
    checked.signatures.length = 0;
    expect(await lab.tell(evil, victim, "block", message)).toEqual({ kind: "accept" });
    await lab.clock.run(2000);
    expect([decoded(), verified(id), encoded()]).toEqual([1, 1, 0]);
    expect(checked.signatures.filter((one) => one === toHex(block.header.signature))).toHaveLength(1);
    expect(await lab.fate(victim, block)).toBe("executed, stands");
    expect(await stored(victim, id)).toEqual(message.subarray(1));
  });

  it("whose header came by gossip and whose body was pulled is no different", async () => {
    const place = await placeOf(victim);
    const transactions = Array.from({ length: 1024 }, (_, nonce) =>
      aTransfer(place.state, key, Sim.key(`to ${nonce}`).address, 1n, { nonce: BigInt(nonce) }),
    );
    const block = aBlock(lab, key, place, {}, { transactions });
    const { bytes, id } = Block.wrap(block);
    const large = bytes.length >= MAX_GOSSIP_BYTES;
    const message = large ? blockMessage(block) : Uint8Array.from([1, ...Header.codec.encode(block.header)]);
    const evil = await lab.evil([victim], serving(id, 0n, [bytes]));
    const { decoded, encoded, verified } = counters();
    expect(await lab.tell(evil, victim, "block", message)).toEqual({ kind: "accept" });
    await lab.clock.run(2000);
    expect([decoded(), verified(id), encoded()]).toEqual([1, 1, 0]);
    expect(await stored(victim, id)).toEqual(bytes);
  });

  it("that came by sync is no different, the first of them too", async () => {
    // A node that checks reads what it owes from its store again, once memory has let go of it.
    victim = await lab.node("w", { trains: false, trusts: ["verifier"] });
    const miner = await lab.node("m", { mines: true });
    await lab.mine(miner, 20);
    const { head } = miner.engine.ledger;
    const ids = await miner.engine.blocks.canonicalRange(1, 21);
    const blocks = await Promise.all(ids.map(async (id) => (await stored(miner, id)) as Uint8Array));
    const serves = serving(head.id, head.work, blocks);
    const read = blocks.map((bytes) => Block.codec.decode(bytes));
    // Others vouch for the last one, and so for all.
    await lab.vouch(victim, read.at(-1) as Block, "valid", "verifier");
    const { decoded, encoded, verified } = counters();
    await lab.evil([victim], (protocol, data, from) =>
      protocol === "blob" ? miner.handlers.request(protocol, data, from) : serves(protocol, data, from),
    );
    await lab.clock.run(60_000, () => victim.engine.ledger.head.height === 20);
    expect(victim.engine.ledger.head.id).toEqual(head.id);
    expect([decoded(), encoded()]).toEqual([20, 0]);
    for (const [i, id] of ids.entries()) {
      // As one of a line of headers, and on its parent's state; the signature behind it is looked at once.
      expect(verified(id)).toBe(2);
      expect(await stored(victim, id)).toEqual(blocks[i]);
    }
  });

  it("is encoded by its miner alone, to measure the draft and to send it, and read once by every node, its miner too", async () => {
    const miner = await lab.node("m", { mines: true }, [victim]);
    const peer = await lab.node("p", {}, [victim]);
    const { decoded, encoded } = counters();
    await lab.mine(miner, 1, 0);
    await lab.clock.run(2000);
    const { id } = miner.engine.ledger.head;
    expect([decoded(), encoded()]).toEqual([3, 2]);
    for (const node of [victim, peer]) expect(await stored(node, id)).toEqual(await stored(miner, id));
  });
});

describe("a record", () => {
  it("is decoded once, its signature checked once, and passed on as it came", async () => {
    const evil = await lab.evil([victim]);
    await lab.tellBlock(evil, victim, aBlock(lab, key, await placeOf(victim)));
    await lab.clock.run(12_000);
    const place = await placeOf(victim);
    const unit = aUnit(lab, Sim.key("worker"), place);
    const good = await lab.evil([victim], lab.serving(unit.delta));
    const behind = await lab.evil([victim]);
    const record = recordAt(lab, key, place, [unit]);
    const message = RoundRecord.codec.encode(record);
    const events: Uint8Array[] = [];
    victim.engine.events.on("record", ({ bytes }) => events.push(bytes));
    const decode = vi.spyOn(RoundRecord.codec, "decode");
    const encode = vi.spyOn(RoundRecord.codec, "encode");
    const verify = vi.spyOn(Contribution, "verify");
    checked.signatures.length = 0;
    expect(await lab.tell(good, victim, "record", message)).toEqual({ kind: "accept" });
    expect([decode.mock.calls.length, encode.mock.calls.length, verify.mock.calls.length]).toEqual([1, 0, 1]);
    for (const { signature } of [record, unit.contribution])
      expect(checked.signatures.filter((one) => one === toHex(signature))).toHaveLength(1);
    await lab.clock.run(1000);
    expect(events).toEqual([message]);
    expect(behind.told.filter(({ topic }) => topic === "record").map(({ data }) => data)).toEqual([message]);
  });
});
