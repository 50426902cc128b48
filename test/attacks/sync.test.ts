// Peers that serve rubbish to a node that joins, or lie about their work: it finishes with an honest peer, rubbish is punished, and a running miner is not held up.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromBigInt, toHex } from "../../src/base/index.ts";
import { type ChainPoint, genesisState } from "../../src/chain/index.ts";
import { Block, Header, type PeerStatus, type Protocol, REQUESTS } from "../../src/codec/index.ts";
import { PROTOCOL_VERSION } from "../../src/engine/exchange/index.ts";
import { parametersDigest } from "../../src/ml/index.ts";
import { unitSeed } from "../../src/work/index.ts";
import { aWorld, mineChain } from "../support/chain.ts";
import { aBlock, type Place, placeOf } from "../support/forge.ts";
import { groundHeaders } from "../support/headers.ts";
import { type Answer, BLOCK_MS, bestChainOf, type Evil, Lab, type Node, only, wordOf } from "../support/lab.ts";
import { Sim, toyUnit } from "../support/sim.ts";

const HEIGHT = 20;
let lab: Lab;
let miner: Node;
let chain: Block[];
afterEach(() => lab.close());

beforeEach(async () => {
  lab = new Lab();
  miner = await lab.node("m", { mines: true });
  await lab.mine(miner, HEIGHT);
  chain = await bestChainOf(miner);
  expect(chain).toHaveLength(HEIGHT);
});

/** More work than anybody has, at `height`. */
const boast = (height = HEIGHT, work = 2n ** 200n): Partial<PeerStatus> => ({
  height,
  work: fromBigInt(work, 32),
  head: new Uint8Array(32).fill(7),
});

/** A peer that boasts of the honest chain and answers requests of one protocol with `make`; deltas it passes on from the honest miner. */
function server(
  on: Protocol,
  make: (honest: () => Promise<Uint8Array>, data: Uint8Array) => Uint8Array | Promise<Uint8Array>,
  change = boast(),
): Answer {
  const honest = lab.chain(chain, change);
  return async (protocol, data, from) =>
    protocol === on ? make(() => honest(protocol, data, from), data) : honest(protocol, data, from);
}

const tipOf = (some: readonly Block[]): string => toHex(Header.id((some.at(-1) as Block).header));
const other = (): Block[] => mineChain(aWorld(), HEIGHT).blocks;
const tampered = (header: Header): Header => ({ ...header, stateRoot: new Uint8Array(32) });
const never = (): Promise<never> => new Promise(() => undefined);
const { headers: HEADERS, blocks: BLOCKS } = REQUESTS;

/** The honest headers, changed. */
const headers = (change: (honest: Header[]) => readonly Header[], claims = boast()): Answer =>
  server(
    "headers",
    async (honest) => HEADERS.reply.encode({ headers: [...change([...HEADERS.reply.decode(await honest()).headers])] }),
    claims,
  );
/** The honest blocks, changed. */
const blocks = (change: (honest: Block[]) => readonly Block[]): Answer =>
  server("blocks", async (honest) => {
    const read = BLOCKS.reply.decode(await honest()).blocks.map((bytes) => Block.codec.decode(bytes));
    return BLOCKS.reply.encode({ blocks: change(read).map((block) => Block.codec.encode(block)) });
  });

const RUBBISH: readonly (readonly [what: string, punished: boolean, make: () => Answer])[] = [
  ["random bytes", true, () => server("headers", () => Uint8Array.from({ length: 500 }, () => lab.random() * 256))],
  ["truncated headers", true, () => server("headers", async (honest) => (await honest()).subarray(0, -9))],
  ["headers of another chain", true, () => headers(() => other().map(({ header }) => header))],
  ["headers in the wrong order", true, () => headers((honest) => honest.reverse())],
  ["other headers than asked for", true, () => headers(() => chain.slice(5, 9).map(({ header }) => header))],
  [
    "more headers than asked for",
    true,
    () => headers(() => Array.from({ length: 64 }, () => chain[0]?.header as Header)),
  ],
  ["altered headers", true, () => headers((honest) => honest.map(tampered))],
  [
    "headers under others' names",
    true,
    () => headers((honest) => honest.map((header) => ({ ...header, miner: Sim.key("cheat").address }))),
  ],
  ["truncated blocks", true, () => server("blocks", async (honest) => (await honest()).subarray(0, -9))],
  ["other blocks than asked for", true, () => blocks((honest) => honest.map(() => chain.at(-1) as Block))],
  ["more blocks than asked for", true, () => blocks((honest) => [...honest, ...chain])],
  [
    "altered blocks",
    true,
    () => blocks((honest) => honest.map((block) => ({ ...block, body: (chain.at(-1) as Block).body }))),
  ],
  ["no headers, ever", true, () => server("headers", never)],
  ["no blocks, ever", false, () => server("blocks", never)],
  ["one header a second", true, () => headers((honest) => honest.slice(0, 1))],
  ["refusals", true, () => server("headers", () => Promise.reject(new Error("no")))],
  ["no headers of a chain that it claims", true, () => headers(() => [])],
  ["no blocks of a chain that it claims", false, () => blocks(() => [])],
  ["a chain of a billion blocks that ends where the honest one does", true, () => lab.chain(chain, boast(1e9))],
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
    const evil = await lab.evil([joiner], lab.chain(chain, boast()));
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

describe("a node that joins beside eight peers that claim much work", () => {
  /** Beside blocks of their own time they take one worker's time each, as checks do. */
  const slow = { oneWorker: true, unitMs: 400 } as const;

  /** Serves what `headers` are, and no block. */
  function leadsNowhere(at: ChainPoint, name: string, before: readonly Header[] = []): Answer {
    const { rules } = lab.network;
    const ground = groundHeaders(at, Sim.key(name), { count: 3 * HEIGHT, solveMs: BLOCK_MS }, rules);
    const all = [...before, ...ground.headers];
    const ids = all.map((header) => toHex(Header.id(header)));
    const none = lab.nothing(boast(all.length, ground.point.work));
    return async (protocol, data, from) => {
      if (protocol === "blocks") return never();
      if (protocol !== "headers") return none(protocol, data, from);
      const { known, count } = HEADERS.request.decode(data);
      const shared = known.map((id) => ids.indexOf(toHex(id))).find((found) => found >= 0) ?? -1;
      return HEADERS.reply.encode({ headers: all.slice(shared + 1, shared + 1 + count) });
    };
  }

  const drip = (): Answer => {
    const fast = headers((honest) => honest.slice(0, 1));
    return async (protocol, data, from) => {
      if (protocol === "headers") await new Promise<void>((done) => lab.clock.after(1000, done));
      return fast(protocol, data, from);
    };
  };
  const genesis = (): ChainPoint => genesisState(lab.network.genesis);

  const CROWDS: readonly (readonly [what: string, crowd: () => Answer[]])[] = [
    ["and never answer", () => Array.from({ length: 8 }, () => server("headers", never))],
    ["and answer with one header a second", () => Array.from({ length: 8 }, drip)],
    [
      "with headers that lead nowhere",
      () => Array.from({ length: 8 }, (_, i) => leadsNowhere(genesis(), `cheat ${i}`)),
    ],
    [
      "with headers that lead nowhere from the honest chain's last block on",
      () => {
        const before = chain.map(({ header }) => header);
        return Array.from({ length: 8 }, (_, i) => leadsNowhere(miner.engine.ledger.state, `cheat ${i}`, before));
      },
    ],
    [
      "with the honest headers, whose blocks they do not serve",
      () => Array.from({ length: 8 }, () => server("blocks", never)),
    ],
  ];

  it.each(CROWDS)("%s has the honest chain in twice the undisturbed time", async (_what, crowd) => {
    const alone = await lab.node("alone", slow, [miner]);
    const undisturbed = await synced(alone);
    expect(undisturbed).toBeGreaterThan(HEIGHT * 100);
    const joiner = await lab.node("j", slow);
    const evils = await Promise.all(crowd().map((answer) => lab.evil([], answer)));
    for (const evil of evils) await lab.connect(evil, joiner);
    expect(joiner.engine.peers.size).toBe(8);
    await lab.connect(joiner, miner);
    expect(await synced(joiner)).toBeLessThan(2 * undisturbed);
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
    const evil = await lab.evil([miner], lab.chain([...chain, ...tail], boast(HEIGHT + 3, work)));
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

describe("a heavier chain whose newest blocks were trained and whose past was not", () => {
  const WINDOW = 8;
  interface Made {
    readonly block: Block;
    readonly place: Place;
  }

  /** One more block than the honest chain has, the last `WINDOW` of them trained: at a node that cannot tell, and believes a liar. */
  async function halfTrained(): Promise<Made[]> {
    const dupe = await lab.node("dupe", { trains: false, trusts: ["liar"] });
    const forger = await lab.evil([dupe]);
    const made: Made[] = [];
    for (let i = 0; i <= HEIGHT; i++) {
      const place = await placeOf(dupe);
      const cheat = i > HEIGHT - WINDOW ? {} : { end: (honest: Float32Array) => honest.map((x) => x + 2 ** -20) };
      const block = aBlock(lab, Sim.key("nobody"), place, cheat);
      await lab.vouch(dupe, block, "valid", "liar");
      await lab.tellBlock(forger, dupe, block);
      await lab.clock.run(9000);
      made.push({ block, place });
    }
    expect(dupe.engine.ledger.head.height).toBe(HEIGHT + 1);
    expect(dupe.engine.ledger.head.work).toBeGreaterThan(miner.engine.ledger.head.work);
    await dupe.engine.stop();
    return made;
  }

  /** Whether a block's unit, run again by itself, ends where its header says. */
  const isTrained = ({ block: { header }, place }: Made): boolean => {
    const { task, round, mlNode, index, miner: author } = header;
    const seed = unitSeed({ beacon: place.state.beacon, block: header.parent, task, round, mlNode, index, author });
    return toHex(parametersDigest(lab.task, toyUnit(place.parameters, seed))) === toHex(header.digest);
  };

  it("is no joining node's head for a moment, though each of its newest units is right", async () => {
    const made = await halfTrained();
    // Newest first would have found nothing wrong within its window, and mined upon it.
    expect(made.map(isTrained)).toEqual([...Array(HEIGHT + 1 - WINDOW).fill(false), ...Array(WINDOW).fill(true)]);
    const joiner = await lab.node("j");
    const heads: string[] = [];
    joiner.engine.events.on("head", ({ tip }) => heads.push(toHex(tip.id)));
    const blocks = made.map(({ block }) => block);
    await lab.evil([joiner], lab.chain(blocks, boast(HEIGHT + 1)));
    await lab.connect(joiner, miner);
    await synced(joiner);
    const theirs = new Set(blocks.map(({ header }) => toHex(Header.id(header))));
    expect(heads.filter((id) => theirs.has(id))).toEqual([]);
    expect(await lab.fate(joiner, blocks[0] as Block)).toBe("invalid, dropped");
  });
});

describe("a running miner", () => {
  it("is not told to rest by a peer that claims work and repeats what is known", async () => {
    let resting = 0;
    miner.engine.events.on("sync", ({ moves }) => {
      if (moves) resting++;
    });
    const repeat = server(
      "headers",
      (honest, data) =>
        toHex(HEADERS.request.decode(data).known[0] as Uint8Array) === tipOf(chain) ? never() : honest(),
      boast(1e6),
    );
    const evil = await lab.evil([miner], repeat);
    await lab.clock.run(300_000, () => !evil.linked(miner));
    expect(evil.asked).toContain("headers");
    expect(resting).toBe(0);
    expect(evil.linked(miner)).toBe(false);
  });

  it("rests while it fetches a chain that is really heavier", async () => {
    const late = await lab.node("late", { mines: true });
    let resting = 0;
    late.engine.events.on("sync", ({ moves }) => {
      if (moves) resting++;
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
