// Peers that serve rubbish to a node that joins, or lie about their work: it finishes with an honest peer, rubbish is punished, and a running miner is not held up.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromBigInt, toHex } from "../../src/base/index.ts";
import { Block, type Decoded, type PeerStatus, REQUESTS } from "../../src/codec/index.ts";
import { PROTOCOL_VERSION } from "../../src/engine/exchange/index.ts";
import { aWorld, mineChain } from "../support/chain.ts";
import { aBlock, placeOf } from "../support/forge.ts";
import { type Answer, type Evil, Lab, type Node, only, wordOf } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const HEIGHT = 20;
let lab: Lab;
let miner: Node;
let chain: Block[];
afterEach(() => lab.close());

beforeEach(async () => {
  lab = new Lab();
  miner = await lab.node("m", { mines: true });
  await lab.mine(miner, HEIGHT);
  chain = [];
  for (const id of await miner.engine.blocks.canonicalRange(1, HEIGHT + 1))
    chain.push(((await miner.engine.blocks.block(id)) as Decoded<Block>).value);
  expect(chain).toHaveLength(HEIGHT);
});

/** More work than anybody has, at `height`. */
const boast = (height = HEIGHT, work = 2n ** 200n): Partial<PeerStatus> => ({
  height,
  work: fromBigInt(work, 32),
  head: new Uint8Array(32).fill(7),
});

/** A peer that boasts and answers requests for blocks with `make`; deltas it passes on from the honest miner. */
function server(make: (from: number, count: number) => Uint8Array | Promise<Uint8Array>, change = boast()): Answer {
  return async (protocol, data, from) => {
    if (protocol !== "blocks") return lab.nothing(change)(protocol, data, from);
    const { from: first, count } = REQUESTS.blocks.request.decode(data);
    return make(first, count);
  };
}

const reply = (...blocks: readonly Block[]): Uint8Array =>
  REQUESTS.blocks.reply.encode({ blocks: blocks.map((block) => Block.codec.encode(block)) });
const slice = (from: number, count: number): Block[] => chain.slice(from - 1, from - 1 + count);
const other = (): Block[] => mineChain(aWorld(), HEIGHT).blocks;
const tampered = (block: Block): Block => ({ ...block, header: { ...block.header, stateRoot: new Uint8Array(32) } });

const RUBBISH: readonly (readonly [what: string, punished: boolean, make: () => Answer])[] = [
  ["random bytes", true, () => server(() => Uint8Array.from({ length: 500 }, () => lab.random() * 256))],
  ["truncated replies", true, () => server((from, count) => reply(...slice(from, count)).subarray(0, -9))],
  ["blocks of another chain", true, () => server((from, count) => reply(...other().slice(from - 1, from - 1 + count)))],
  ["blocks in the wrong order", true, () => server((from, count) => reply(...slice(from, count).reverse()))],
  ["other heights than asked for", true, () => server((_, count) => reply(...slice(5, count)))],
  ["more blocks than asked for", true, () => server((from, count) => reply(...slice(from, count + 1)))],
  ["altered blocks", true, () => server((from, count) => reply(...slice(from, count).map(tampered)))],
  ["nothing, ever", false, () => server(() => new Promise(() => undefined))],
  ["refusals", false, () => server(() => Promise.reject(new Error("no")))],
  ["no blocks of a chain that it claims", false, () => server(() => reply())],
  [
    "a chain of a billion blocks that ends where the honest one does",
    false,
    () => server((from, count) => reply(...slice(from, count)), boast(1e9)),
  ],
];

/** Lets time pass until `node` has the honest chain; the virtual ms it took. */
async function synced(node: Node, ms = 300_000): Promise<number> {
  const at = ({ engine }: Node): string => toHex(engine.ledger.head.id);
  const took = await lab.clock.run(ms, () => at(node) === at(miner));
  expect(node.engine.ledger.head.id).toEqual(miner.engine.ledger.head.id);
  return took;
}

describe("a node that joins", () => {
  it("syncs from an honest peer", async () => {
    const joiner = await lab.node("j", {}, [miner]);
    expect(await synced(joiner)).toBeLessThan(10_000);
    await lab.clock.run(20_000);
    expect(joiner.engine.backlog).toBe(0);
    expect((await joiner.engine.ledger.entry(joiner.engine.ledger.head.id))?.checked).toBe("executed");
    expect(joiner.punished).toEqual([]);
  });

  it.each(RUBBISH)("syncs beside a peer that serves %s", async (_what, punished, make) => {
    const joiner = await lab.node("j");
    const evil = await lab.evil([joiner], make());
    await lab.connect(joiner, miner);
    await synced(joiner);
    await lab.clock.run(180_000, () => joiner.punished.length > 0);
    // Whoever lies about its work or serves rubbish is found out in the end; who is merely slow is left out of the sync.
    if (punished) expect(new Set(joiner.punished.map(({ peer }) => peer))).toEqual(new Set([evil.name]));
    expect(joiner.punished.filter(({ peer }) => peer === miner.wire.peerId)).toEqual([]);
    expect(joiner.engine.peers.get(miner.wire.peerId)).toBeDefined();
  });

  it("bans a peer that goes on claiming work that it does not have", async () => {
    const joiner = await lab.node("j", {}, [miner]);
    await synced(joiner);
    const evil = await lab.evil(
      [joiner],
      server((from, count) => reply(...slice(from, count))),
    );
    await lab.clock.run(180_000, () => !evil.linked(joiner));
    expect(evil.linked(joiner)).toBe(false);
    expect(joiner.engine.peers.get(miner.wire.peerId)).toBeDefined();
  });

  it.each([
    ["rubbish for a status", async (): Promise<Uint8Array> => Uint8Array.of(1, 2, 3)],
    [
      "another network's status",
      (): Promise<Uint8Array> => lab.nothing({ genesis: new Uint8Array(32) })("status", new Uint8Array(0), ""),
    ],
    [
      "a newer version's status",
      (): Promise<Uint8Array> => lab.nothing({ version: PROTOCOL_VERSION + 1 })("status", new Uint8Array(0), ""),
    ],
  ])("does not count as a peer who answers with %s", async (_what, answer) => {
    const joiner = await lab.node("j", {}, [miner]);
    const evil = await lab.evil([joiner], answer);
    await lab.clock.run(1000);
    expect(joiner.engine.peers.get(evil.name)).toBeUndefined();
    expect(joiner.engine.peers.size).toBe(1);
    expect(joiner.punished).toMatchObject([{ peer: evil.name }]);
  });

  it("gets the round in progress from another peer when the first serves rubbish", async () => {
    // Units that win make a block instead of a round.
    for (let i = 0; i < 50 && only(miner).rounds.view.records.length === 0; i++) await lab.train(miner, 900 + i);
    await lab.clock.run(1000);
    expect(only(miner).rounds.view.records.length).toBeGreaterThan(0);
    const joiner = await lab.node("j");
    const { head } = miner.engine.ledger;
    const status = { head: head.id, height: head.height, work: fromBigInt(head.work, 32) };
    const lies: readonly Answer[] = [
      async () => Uint8Array.of(1, 2, 3),
      async () => REQUESTS.round.reply.encode({ records: [Uint8Array.of(1)], contributions: [] }),
    ];
    const evil: Evil[] = [];
    for (const lie of lies)
      evil.push(
        await lab.evil([joiner], async (protocol, data, from) => {
          if (protocol === "status") return REQUESTS.status.request.encode(lab.status(status));
          return protocol === "round" ? lie(protocol, data, from) : lab.nothing()(protocol, data, from);
        }),
      );
    await lab.connect(joiner, miner);
    await synced(joiner);
    await lab.clock.run(60_000, () => only(joiner).rounds.view.records.length > 0);
    expect(toHex(only(joiner).rounds.view.startDigest)).toBe(toHex(only(miner).rounds.view.startDigest));
    expect(joiner.punished.filter(({ peer }) => peer === miner.wire.peerId)).toEqual([]);
  });
});

describe("a heavier chain of forged units", () => {
  /** Three blocks on the honest chain, formally right: from a node that cannot tell, and believes a liar. */
  async function forgedTail(): Promise<{ tail: Block[]; work: bigint }> {
    const blind = await lab.node("blind", { trains: false, trusts: ["liar"] }, [miner]);
    await lab.clock.run(5000);
    await lab.vouch(blind, chain.at(-1) as Block, "valid", "liar");
    await synced(blind);
    lab.air.split([["m"], ["blind", "forger"]]);
    const forger = await lab.evil([blind], lab.nothing(), "forger");
    const tail: Block[] = [];
    for (let i = 0; i < 3; i++) {
      const beside = (honest: Float32Array): Float32Array => honest.map((x, at) => (at === i ? x + 2 ** -22 : x));
      const block = aBlock(lab, forger.key, await placeOf(blind), { end: beside });
      const lie = wordOf(block, Sim.key("liar"), "valid", lab.network.rules.genesis);
      await lab.tell(forger, blind, "attestation", lie);
      expect(await lab.tellBlock(forger, blind, block)).toEqual({ kind: "accept" });
      tail.push(block);
      await lab.clock.run(10_000);
    }
    const { work } = blind.engine.ledger.head;
    await blind.engine.stop();
    lab.air.join();
    return { tail, work };
  }

  it("is never followed, and who serves it is banned", async () => {
    const { tail, work } = await forgedTail();
    const honest = miner.engine.ledger.head.id;
    const serve = (from: number, count: number): Uint8Array =>
      reply(...[...chain, ...tail].slice(from - 1, from - 1 + count));
    const evil = await lab.evil([miner], server(serve, boast(HEIGHT + 3, work)));
    const heads: Uint8Array[] = [];
    miner.engine.events.on("head", ({ tip }) => heads.push(tip.id));
    await lab.clock.run(6000);
    expect([miner.engine.ledger.head.id, heads]).toEqual([honest, []]);
    expect(miner.alerts).toContain("forged-unit");
    // Of one author two are taken in at once; the third was not even looked at.
    for (const block of tail.slice(0, 2)) expect(await lab.fate(miner, block)).toBe("invalid, dropped");
    await lab.clock.run(120_000, () => !evil.linked(miner));
    expect(evil.linked(miner)).toBe(false);
    // And mines on from there.
    await lab.mine(miner, 1, 0);
    expect(miner.engine.ledger.head.height).toBe(HEIGHT + 1);
  });
});

describe("a running miner", () => {
  it("is not told to rest by a peer that claims work and repeats what is known", async () => {
    let resting = 0;
    miner.engine.events.on("sync", ({ progress }) => {
      if (progress !== undefined) resting++;
    });
    const evil = await lab.evil(
      [miner],
      server(
        (from, count) => (from > HEIGHT ? new Promise(() => undefined) : reply(...slice(from, count))),
        boast(1e6),
      ),
    );
    await lab.clock.run(300_000, () => !evil.linked(miner));
    expect(evil.asked).toContain("blocks");
    expect(resting).toBe(0);
    expect(evil.linked(miner)).toBe(false);
  });

  it("rests while it fetches a chain that is really heavier", async () => {
    const late = await lab.node("late", { mines: true });
    let resting = 0;
    late.engine.events.on("sync", ({ progress }) => {
      if (progress !== undefined) resting++;
    });
    await lab.connect(late, miner);
    await synced(late);
    expect(resting).toBeGreaterThan(0);
    // And trains on from there.
    await lab.mine(late, 1, 0);
    await lab.clock.run(1000);
    expect(late.engine.ledger.head.height).toBe(HEIGHT + 1);
    expect(miner.engine.ledger.head.id).toEqual(late.engine.ledger.head.id);
  });
});
