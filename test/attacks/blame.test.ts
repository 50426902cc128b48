// Honest peers that could not know: whoever does not follow a task stands on what its followers refuse, and must not be banned for it.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromBigInt, toHex } from "../../src/base/index.ts";
import type { Genesis } from "../../src/chain/index.ts";
import { type Block, Contribution, Header, REQUESTS, RoundRecord } from "../../src/codec/index.ts";
import { type Followed, followHeader } from "../../src/consensus/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import type { TaskEngine } from "../../src/engine/index.ts";
import { forgeBlock, forgeBody } from "../support/chain.ts";
import { aBlock, aUnit, type Cheat, type Place, placeOf, recordAt } from "../support/forge.ts";
import { groundHeaders } from "../support/headers.ts";
import { bestChainOf, blockMessage, Lab, type Node, type Workshop } from "../support/lab.ts";
import { Sim, toyRegistration } from "../support/sim.ts";

const cheat = Sim.key("cheat");
const worker = Sim.key("worker");
let lab: Lab;
/** Follows both tasks. */
let both: Node;
/** Follows the first, and trusts a liar for the other. */
let one: Node;
afterEach(() => lab.close());

const placeIn = (node: Node, shop: Workshop): Promise<Place> =>
  placeOf(node, node.engine.task(toHex(shop.task.id)) as TaskEngine);
const isLinked = (): boolean => both.wire.peers().some(({ id }) => id === one.wire.peerId);
const blamed = (): unknown[] => both.punished.filter(({ peer }) => peer === one.wire.peerId);

beforeEach(async () => {
  lab = new Lab({ tasks: ["toy", "toy-two"].map((name) => toyRegistration(name)) });
  both = await lab.node("both");
  one = await lab.node("one", { follows: ["toy"], mines: true, trusts: ["liar"] }, [both]);
  const block = aBlock(lab.of("toy"), cheat, await placeIn(both, lab.of("toy")));
  await lab.tellBlock(await lab.evil([both]), both, block);
  await lab.clock.run(12_000);
  expect(one.engine.ledger.head.height).toBe(1);
});

describe("a peer that does not follow a task", () => {
  it("is not banned for standing on its wrong next state, however long", async () => {
    const [toy, two] = [lab.of("toy"), lab.of("toy-two")];
    const place = await placeIn(both, toy);
    const elsewhere = await placeIn(both, two);
    const unit = aUnit(two, worker, elsewhere);
    const lie: RoundRecord = recordAt(two, cheat, elsewhere, [unit], { nextDigest: new Uint8Array(32).fill(1) });
    const block = forgeBody(place.state, aBlock(toy, cheat, place), cheat, lab.network.rules, { records: [lie] });
    await lab.evil([both], lab.serving(unit.delta));
    expect(await lab.tellBlock(await lab.evil([one]), one, block)).toEqual({ kind: "accept" });
    await lab.clock.run(600_000);
    expect(one.engine.ledger.head.height).toBe(2);
    expect(both.engine.ledger.head.height).toBe(1);
    expect([blamed(), isLinked()]).toEqual([[], true]);
    // Its head is known to stand on the refused block, so nothing is fetched from it in vain.
    expect(both.engine.peers.get(one.wire.peerId)?.head).toEqual(Header.id(block.header));
    expect(both.engine.sync.busy).toBe(false);
    // An honest chain that is heavier brings it back: found in time, since late blocks are worth less.
    for (let i = 0; i < 2; i++) {
      const at = await placeIn(both, toy);
      const next = aBlock(toy, worker, at, {}, { time: at.state.time + 10_000 });
      await lab.tellBlock(await lab.evil([both]), both, next);
      await lab.clock.run(12_000);
    }
    expect(one.engine.ledger.head.id).toEqual(both.engine.ledger.head.id);
  });

  it("is not banned for standing on a forged unit of it, nor for mining upon that", async () => {
    const place = await placeIn(both, lab.of("toy-two"));
    const forged = aBlock(lab.of("toy-two"), cheat, place, { end: (honest) => honest.map((v) => v + 2 ** -20) });
    await lab.vouch(one, forged, "valid", "liar");
    expect(await lab.tellBlock(await lab.evil([one]), one, forged)).toEqual({ kind: "accept" });
    await lab.clock.run(15_000);
    expect(await lab.fate(both, forged)).toBe("invalid, dropped");
    expect(one.engine.ledger.head.height).toBe(2);
    await lab.mine(one, 1, 0);
    expect(one.engine.ledger.head.height).toBe(3);
    await lab.clock.run(120_000);
    expect([blamed(), isLinked()]).toEqual([[], true]);
  });

  it("is not asked for ever new blocks on a forged one, whatever it claims", async () => {
    const place = await placeIn(both, lab.of("toy-two"));
    const forged = aBlock(lab.of("toy-two"), cheat, place, { end: (honest) => honest.map((v) => v + 2 ** -20) });
    await lab.tellBlock(await lab.evil([both]), both, forged);
    await lab.clock.run(2000);
    expect(await lab.fate(both, forged)).toBe("invalid, dropped");
    const { rules } = lab.network;
    const { ledger } = both.engine;
    const known = (await bestChainOf(both)).map(({ header }) => header);
    const fork = await ledger.stateOf(forged.header.parent);
    const at = followHeader(fork, forged.header, rules) as Followed;
    let claims = 0;
    // Another two headers upon it every time it is asked where it stands.
    const none = lab.nothing();
    let tail: Header[] = [];
    const evil = await lab.evil([], async (protocol, data, from) => {
      if (protocol === "status") {
        const ground = groundHeaders(at.point, cheat, { count: 2, solveMs: 10_000 + ++claims }, rules);
        tail = ground.headers;
        const status = {
          head: ground.point.tipId,
          height: ground.point.height,
          work: fromBigInt(ground.point.work, 32),
        };
        return REQUESTS.status.reply.encode(lab.status(status));
      }
      if (protocol !== "headers") return none(protocol, data, from);
      const shared = known.slice(0, fork.height);
      const { known: named } = REQUESTS.headers.request.decode(data);
      const all = [...shared, forged.header, ...tail];
      const names = all.map((header) => toHex(Header.id(header)));
      const after = named.map((id) => names.indexOf(toHex(id))).find((found) => found >= 0) ?? -1;
      return REQUESTS.headers.reply.encode({ headers: all.slice(after + 1) });
    });
    await lab.connect(evil, both);
    await lab.clock.run(600_000);
    expect(claims).toBeGreaterThan(50);
    expect(evil.asked).toContain("headers");
    expect(evil.asked).not.toContain("blocks");
    expect(evil.linked(both)).toBe(true);
  });
});

describe("a relayer of a forged block", () => {
  const FORGED: Cheat = { end: (honest) => honest.map((x) => x + 2 ** -20) };
  /** A node of a network with one task, after it got a block of `key` from `from` and ran its unit. */
  async function afterForged(
    key: KeyPair,
    from: string,
    genesis: Partial<Genesis> = {},
  ): Promise<{ node: Node; block: Block }> {
    await lab.close();
    lab = new Lab(genesis);
    const node = await lab.node("v");
    const peer = await lab.evil([node], lab.nothing(), from);
    const block = aBlock(lab, key, await placeOf(node), FORGED);
    await peer.wire.publish("block", blockMessage(block));
    await lab.clock.run(2000);
    expect(await lab.fate(node, block)).toBe("invalid, dropped");
    return { node, block };
  }

  it("is not framed: who passes its header on after it was found forged is not struck, however often", async () => {
    const { node, block } = await afterForged(Sim.key("cheat"), "framer", { banBlocks: 3 });
    // Four blocks on, its author's key is heard again: it was banned for three, from the height of its own.
    for (const name of ["a", "b", "c", "d"]) {
      await lab.clock.run(10_000);
      const next = aBlock(lab, Sim.key(name), await placeOf(node));
      expect(await lab.tellBlock(await lab.evil([node]), node, next)).toEqual({ kind: "accept" });
    }
    await lab.clock.run(2000);
    const honest = await lab.evil([node], lab.nothing(), "honest");
    const header = Uint8Array.from([1, ...Header.codec.encode(block.header)]);
    for (const message of [header, blockMessage(block)])
      for (let i = 0; i < 10; i++) {
        const verdict = await node.handlers.gossip("block", message, { from: honest.name, author: "framer" });
        expect(verdict).toMatchObject({ kind: "ignore", code: "forged-before" });
      }
    expect([node.punished, honest.linked(node)]).toEqual([[], true]);
  });

  it("is not banned when its author's collateral let it pass, and banned when nobody's policy did", async () => {
    const passed = await afterForged(Sim.key("cheat"), "honest");
    expect(passed.node.punished).toEqual([]);
    const careless = await afterForged(Sim.key("nobody"), "careless");
    expect(careless.node.punished.map(({ peer }) => peer)).toEqual(["careless", "careless", "careless"]);
  });

  it("is not banned while the author had half of `provisional` a few blocks ago, and its author's key is heard no more", async () => {
    const half = lab.network.rules.provisional / 2n;
    for (const stake of [half, half - 1n]) {
      await lab.close();
      lab = new Lab({ allocations: [{ address: toHex(Sim.key("poor").address), amount: "0", stake: `${stake}` }] });
      const node = await lab.node("v");
      const relayer = await lab.evil([node], lab.nothing(), "relayer");
      const place = await placeOf(node);
      await relayer.wire.publish("block", blockMessage(aBlock(lab, Sim.key("poor"), place, FORGED)));
      await lab.clock.run(2000);
      expect(node.punished.length).toBe(stake === half ? 0 : 3);
      // Whatever the key signs from here on is ignored, honest or not, whoever brings it.
      const other = await lab.evil([node], lab.nothing(), "other");
      const unit = aUnit(lab, Sim.key("poor"), place);
      const contribution = Contribution.codec.encode(unit.contribution);
      const banned = { kind: "ignore", code: "banned" };
      expect(await lab.tellBlock(other, node, aBlock(lab, Sim.key("poor"), place))).toMatchObject(banned);
      expect(await lab.tell(other, node, "contribution", contribution)).toMatchObject(banned);
      expect(node.punished.filter(({ peer }) => peer === "other")).toEqual([]);
    }
  });

  it("is struck for a wrong next state where there is one task, which everybody follows", async () => {
    await lab.close();
    lab = new Lab();
    const node = await lab.node("v");
    const first = aBlock(lab, cheat, await placeOf(node));
    await lab.tellBlock(await lab.evil([node]), node, first);
    await lab.clock.run(12_000);
    const place = await placeOf(node);
    const unit = aUnit(lab, worker, place);
    const lie = recordAt(lab, cheat, place, [unit], { nextDigest: new Uint8Array(32).fill(1) });
    const block = forgeBody(place.state, aBlock(lab, cheat, place), cheat, lab.network.rules, { records: [lie] });
    await lab.evil([node], lab.serving(unit.delta));
    const relayer = await lab.evil([node], lab.nothing(), "relayer");
    const judged = node.handlers.gossip("block", blockMessage(block), { from: relayer.name, author: "author" });
    await lab.clock.run(10_000);
    expect(await judged).toMatchObject({ kind: "reject", code: "wrong-next" });
  });

  it("has a block whose time has not come kept only if its author signed it, or anybody could keep the signed one out", async () => {
    await lab.close();
    lab = new Lab();
    const node = await lab.node("v");
    const peer = await lab.evil([node]);
    const time = lab.clock.wallTime() + lab.network.rules.maxFutureMs + 1000;
    const ahead = aBlock(lab, Sim.key("a"), await placeOf(node), {}, { time });
    const unsigned = { ...ahead, header: { ...ahead.header, signature: new Uint8Array(64) } };
    for (const block of [unsigned, ahead])
      expect(await lab.tellBlock(peer, node, block)).toMatchObject({ kind: "ignore", code: "time-in-future" });
    await lab.clock.run(5_000);
    // They have one id: the unsigned one would have had the other kept out.
    expect(await node.engine.ledger.entry(Header.id(ahead.header))).toBeDefined();
    expect(node.punished).toEqual([]);
  });

  it("is not struck for what its clock or its history may show otherwise: a time ahead, an unknown parent", async () => {
    await lab.close();
    lab = new Lab();
    const node = await lab.node("v");
    const peer = await lab.evil([node]);
    const block = aBlock(lab, Sim.key("a"), await placeOf(node));
    const rules = lab.network.rules;
    const ahead = forgeBlock(block, Sim.key("a"), rules, { time: lab.clock.wallTime() + rules.maxFutureMs + 1000 });
    const orphan = forgeBlock(block, Sim.key("a"), rules, { parent: new Uint8Array(32).fill(3) });
    expect(await lab.tellBlock(peer, node, ahead)).toMatchObject({ kind: "ignore", code: "time-in-future" });
    expect(await lab.tellBlock(peer, node, orphan)).toMatchObject({ kind: "ignore", code: "unknown-parent" });
    expect([node.punished, peer.linked(node)]).toEqual([[], true]);
  });
});

describe("a peer that heard one task's record before another's", () => {
  it("is not blamed for passing it on, though the two hold more of one author than its stake covers", async () => {
    await lab.close();
    const [poor, names] = [Sim.key("poor"), ["toy", "toy-two"] as const];
    const stakes = [...["cheat", "worker"].map((name) => [name, "1000000"] as const), ["poor", "3"] as const];
    lab = new Lab({
      tasks: names.map((name) => toyRegistration(name)),
      allocations: stakes.map(([name, stake]) => ({ address: toHex(Sim.key(name).address), amount: "0", stake })),
    });
    both = await lab.node("both");
    const block = aBlock(lab.of("toy"), cheat, await placeIn(both, lab.of("toy")));
    await lab.tellBlock(await lab.evil([both]), both, block);
    await lab.clock.run(12_000);
    const records = await Promise.all(
      names.map(async (name) => {
        const place = await placeIn(both, lab.of(name));
        const units = Array.from({ length: 5 }, (_, index) => aUnit(lab.of(name), poor, place, { index }));
        await lab.evil([both], lab.serving(...units.map(({ delta }) => delta)));
        return recordAt(lab.of(name), cheat, place, units);
      }),
    );
    const [first, second] = records.map((record) => RoundRecord.codec.encode(record)) as [Uint8Array, Uint8Array];
    expect(await lab.tell(await lab.evil([both]), both, "record", first)).toEqual({ kind: "accept" });
    // Eight are covered, ten are recorded: whoever heard them the other way round took this one and passed it on.
    const told = await lab.tell(await lab.evil([both]), both, "record", second);
    expect(told).toMatchObject({ kind: "ignore", code: "too-many" });
    expect(both.punished).toEqual([]);
  });

  it("is blamed where the record alone holds too many (the control)", async () => {
    const place = await placeIn(both, lab.of("toy"));
    const unit = aUnit(lab.of("toy"), Sim.key("nobody"), place);
    const record = recordAt(lab.of("toy"), cheat, place, [unit]);
    const told = await lab.tell(await lab.evil([both]), both, "record", RoundRecord.codec.encode(record));
    expect(told).toMatchObject({ kind: "reject", code: "low-collateral" });
  });
});
