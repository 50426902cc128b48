// Lies between tasks: records of one under another's name, out of their order, or wrong where only some can see it. Followers refuse them, the others leave them, and nobody is blamed for what it could not know.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toHex, type Verdict } from "../../src/base/index.ts";
import { doubleRecord } from "../../src/chain/index.ts";
import { type Block, Contribution, RoundRecord as Records, type RoundRecord } from "../../src/codec/index.ts";
import { bodyRoot } from "../../src/consensus/index.ts";
import type { TaskEngine } from "../../src/engine/index.ts";
import { forgeBlock, forgeBody } from "../support/chain.ts";
import { aBlock, aUnit, following, type Place, placeAfter, placeOf, recordAt, type Unit } from "../support/forge.ts";
import { blockMessage, type Evil, kindsPending, Lab, type Node, type Workshop } from "../support/lab.ts";
import { Sim, toyRegistration } from "../support/sim.ts";

const TASKS = ["toy", "toy-two"] as const;
const leader = Sim.key("leader");
const worker = Sim.key("worker");
const zero = new Uint8Array(32);
let lab: Lab;
/** Follows both tasks. */
let both: Node;
/** Follows the first, and goes by what `verifier` says of the other. */
let one: Node;
/** The tasks in ascending order of id, as records must stand. */
let first: Workshop;
let second: Workshop;

beforeEach(async () => {
  lab = new Lab({ tasks: TASKS.map((name) => toyRegistration(name)) });
  [first, second] = TASKS.map((name) => lab.of(name)).sort((a, b) =>
    toHex(a.task.id) < toHex(b.task.id) ? -1 : 1,
  ) as [Workshop, Workshop];
  both = await lab.node("both");
  one = await lab.node("one", { follows: ["toy"], trusts: ["verifier"] });
  // A chain whose last block is `leader`'s, at both.
  const block = aBlock(lab.of("toy"), leader, await placeIn(both, lab.of("toy")));
  for (const node of [both, one])
    expect(await lab.tellBlock(await lab.evil([node]), node, block)).toEqual({ kind: "accept" });
  await lab.clock.run(12_000);
});
afterEach(() => lab.close());

const engineOf = (node: Node, { task }: Workshop): TaskEngine => node.engine.task(toHex(task.id)) as TaskEngine;
const placeIn = (node: Node, shop: Workshop): Promise<Place> => placeOf(node, engineOf(node, shop));

interface Round {
  readonly shop: Workshop;
  readonly place: Place;
  readonly unit: Unit;
  readonly record: RoundRecord;
}

/** A round of a task closed by its leader, with `change` forged before the signature. */
async function round(shop: Workshop, change: Partial<RoundRecord> = {}): Promise<Round> {
  const place = await placeIn(both, shop);
  const unit = aUnit(shop, worker, place);
  return { shop, place, unit, record: recordAt(shop, leader, place, [unit], change) };
}

/** A block that carries these rounds, won in the first of them; its records in this order. */
function carrying(...rounds: readonly [Round, ...Round[]]): Block {
  const [{ shop, place, unit, record }] = rounds;
  const won = aBlock(shop, leader, placeAfter(place, record, following(place, [unit])));
  const records = rounds.map((closed) => closed.record);
  return forgeBody(place.state, won, leader, lab.network.rules, { records });
}
const serving = (node: Node, ...rounds: readonly Round[]): Promise<Evil> =>
  lab.evil([node], lab.serving(...rounds.map(({ unit }) => unit.delta)));
const bring = async (node: Node, block: Block, ...rounds: readonly Round[]): Promise<Verdict> =>
  lab.tellBlock(await serving(node, ...rounds), node, block);

describe("a block with records of two tasks", () => {
  it("is taken by all in their order, and both tasks move", async () => {
    const [a, b] = [await round(first), await round(second)];
    const block = carrying(a, b);
    await lab.vouch(one, block, "valid", "verifier");
    for (const node of [both, one]) expect(await bring(node, block, a, b)).toEqual({ kind: "accept" });
    await lab.clock.run(2000);
    // The winner's task goes on by the closing record.
    for (const [{ shop }, next] of [
      [a, block.body.closing.nextDigest],
      [b, b.record.nextDigest],
    ] as const) {
      expect(engineOf(both, shop).rounds.view.startDigest).toEqual(next);
      expect(one.engine.ledger.state.task(shop.task.id)?.parametersDigest).toEqual(next);
    }
    expect(one.engine.ledger.state.root).toEqual(both.engine.ledger.state.root);
  });

  it("in the other order is refused by all", async () => {
    const [a, b] = [await round(first), await round(second)];
    const block = carrying(b, a);
    for (const node of [both, one])
      expect(await bring(node, block, a, b)).toMatchObject({ kind: "reject", code: "unordered" });
  });

  it("with a record of a task that the network does not have is refused by all", async () => {
    const a = await round(first);
    const other = await round(second, { task: new Uint8Array(32).fill(255) });
    // No state comes of it: the forger leaves the one it had.
    const honest = carrying(a);
    const body = { ...honest.body, records: [a.record, other.record] };
    const block = forgeBlock({ ...honest, body }, leader, lab.network.rules, { bodyRoot: bodyRoot(body) });
    for (const node of [both, one])
      expect(await bring(node, block, a)).toMatchObject({ kind: "reject", code: "unknown-task" });
  });

  it("with one task's contribution in the other's record is refused by all", async () => {
    const [a, b] = [await round(first), await round(second)];
    const { contribution } = a.unit;
    const mixed = { ...b, record: recordAt(second, leader, b.place, [b.unit], { contributions: [contribution] }) };
    const block = carrying(a, mixed);
    for (const node of [both, one])
      expect(await bring(node, block, a, b)).toMatchObject({ kind: "reject", code: "unknown-task" });
    expect(both.engine.ledger.head.height).toBe(1);
  });

  it("with a record that another than the leader signed is refused by all, followed or not", async () => {
    const [a, b] = [await round(first), await round(second)];
    const stranger = { ...b, record: recordAt(second, worker, b.place, [b.unit]) };
    const block = carrying(a, stranger);
    for (const node of [both, one])
      expect(await bring(node, block, a, b)).toMatchObject({ kind: "reject", code: "not-leader" });
  });
});

describe("a wrong next state of a task", () => {
  const two = (): Workshop => lab.of("toy-two");
  async function forged(): Promise<{ block: Block; rounds: Round[] }> {
    const [a, b] = [await round(lab.of("toy")), await round(two(), { nextDigest: zero })];
    const rounds = first.task.name === "toy" ? [a, b] : [b, a];
    const won = aBlock(lab.of("toy"), leader, placeAfter(a.place, a.record, following(a.place, [a.unit])));
    const block = forgeBody(a.place.state, won, leader, lab.network.rules, {
      records: rounds.map(({ record }) => record),
    });
    return { block, rounds };
  }

  it("is refused by those who follow it, and stands with the others until an honest chain is heavier", async () => {
    const { block, rounds } = await forged();
    expect(await bring(both, block, ...rounds)).toMatchObject({ kind: "reject", code: "wrong-next" });
    expect(await bring(one, block, ...rounds)).toEqual({ kind: "accept" });
    await lab.clock.run(12_000);
    expect(one.engine.ledger.head.height).toBe(2);
    expect(one.engine.ledger.state.task(two().task.id)?.parametersDigest).toEqual(zero);
    // The honest chain: two blocks where the forger has one.
    const honest: Block[] = [];
    for (let i = 0; i < 2; i++) {
      const next = aBlock(lab.of("toy"), worker, await placeIn(both, lab.of("toy")));
      expect(await lab.tellBlock(await lab.evil([both]), both, next)).toEqual({ kind: "accept" });
      honest.push(next);
      await lab.clock.run(12_000);
    }
    await lab.connect(one, both);
    await lab.clock.run(30_000);
    expect(one.engine.ledger.head.id).toEqual(both.engine.ledger.head.id);
    expect(one.engine.ledger.state.root).toEqual(both.engine.ledger.state.root);
    expect(await lab.fate(one, block)).toBe("executed, dropped");
    for (const next of honest) expect(await lab.fate(one, next)).toBe("executed, stands");
  });
});

describe("a peer that does not follow a task", () => {
  it("is not blamed for passing on what it could not see, nor for standing on it; the author is", async () => {
    await lab.connect(one, both);
    await lab.clock.run(1000);
    const banned: Evil[] = [];
    for (let i = 1; i <= 4; i++) {
      const [a, b] = [
        await round(lab.of("toy")),
        await round(lab.of("toy-two"), { nextDigest: new Uint8Array(32).fill(i) }),
      ];
      const rounds = first.task.name === "toy" ? [a, b] : [b, a];
      const won = aBlock(lab.of("toy"), leader, placeAfter(a.place, a.record, following(a.place, [a.unit])));
      const records = rounds.map(({ record }) => record);
      const block = forgeBody(a.place.state, won, leader, lab.network.rules, { records });
      const evil = await serving(one, ...rounds);
      // It serves its deltas to anybody, so the block is looked at as deep as can be.
      await serving(both, ...rounds);
      expect(await lab.tellBlock(evil, one, block)).toEqual({ kind: "accept" });
      await lab.clock.run(1000);
      expect(await lab.fate(both, block)).toBe("unknown");
      expect(both.punished.at(-1)).toMatchObject({ peer: evil.name });
      banned.push(evil);
    }
    // It claims more work for a while, and is asked for it.
    await lab.clock.run(40_000);
    expect(one.engine.ledger.head.height).toBe(2);
    expect(both.engine.ledger.head.height).toBe(1);
    expect(new Set(both.punished.map(({ peer }) => peer))).toEqual(new Set(banned.map(({ name }) => name)));
    expect(both.wire.peers().map(({ id }) => id)).toContain(one.wire.peerId);
    // An honest chain that is heavier brings it back.
    for (let i = 0; i < 2; i++) {
      const next = aBlock(lab.of("toy"), worker, await placeIn(both, lab.of("toy")));
      await lab.tellBlock(await lab.evil([both]), both, next);
      await lab.clock.run(12_000);
    }
    expect(one.engine.ledger.head.id).toEqual(both.engine.ledger.head.id);
  });

  it("is blamed where there is one task, which everybody follows (the control)", async () => {
    const single = new Lab();
    const node = await single.node("n");
    const winner = await single.evil([node]);
    await single.tellBlock(winner, node, aBlock(single, leader, await placeOf(node)));
    await single.clock.run(12_000);
    const place = await placeOf(node);
    const unit = aUnit(single, worker, place);
    const lie = recordAt(single, leader, place, [unit], { nextDigest: zero });
    const block = aBlock(single, leader, placeAfter(place, lie, following(place, [unit])));
    const relayer = await single.evil([node], single.serving(unit.delta));
    const verdict = node.handlers.gossip("block", blockMessage(block), { from: relayer.name, author: "somebody else" });
    await single.clock.run(1000);
    expect(await verdict).toMatchObject({ kind: "reject", code: "wrong-next" });
    await single.close();
  });
});

describe("gossip of a task that is not followed", () => {
  it("is ignored, and nobody is blamed for it, however much there is", async () => {
    const two = lab.of("toy-two");
    const { place, unit, record } = await round(two);
    const peer = await lab.evil([one], lab.serving(unit.delta));
    expect(await lab.tell(peer, one, "record", Records.codec.encode(record))).toMatchObject({
      kind: "ignore",
      code: "not-followed",
    });
    for (let index = 0; index < 20; index++) {
      const { contribution } = aUnit(two, worker, place, { index });
      const verdict = await lab.tell(peer, one, "contribution", Contribution.codec.encode(contribution));
      expect(verdict).toMatchObject({ kind: "ignore", code: "not-followed" });
    }
    expect([one.punished, peer.linked(one)]).toEqual([[], true]);
    // No delta of it was asked for.
    expect(peer.asked).not.toContain("blob");
    // Whoever follows it takes the same.
    const good = await lab.evil([both], lab.serving(unit.delta));
    expect(await lab.tell(good, both, "record", Records.codec.encode(record))).toEqual({ kind: "accept" });
  });

  it("of a task that does not exist is rejected", async () => {
    const { unit, record } = await round(lab.of("toy-two"));
    const nowhere = new Uint8Array(32).fill(255);
    const rules = lab.network.rules;
    const contribution = Contribution.sign({ ...unit.contribution, task: nowhere }, worker, rules.genesis);
    const peer = await lab.evil([one]);
    expect(await lab.tell(peer, one, "contribution", Contribution.codec.encode(contribution))).toMatchObject({
      kind: "reject",
      code: "unknown-task",
    });
    const lie = Records.sign({ ...record, task: nowhere }, leader, rules.genesis);
    expect(await lab.tell(peer, one, "record", Records.codec.encode(lie))).toMatchObject({
      kind: "reject",
      code: "unknown-task",
    });
  });

  it("is watched for a leader's second record all the same", async () => {
    const two = lab.of("toy-two");
    const place = await placeIn(both, two);
    const peer = await lab.evil([one]);
    for (const index of [0, 1]) {
      const record = recordAt(two, leader, place, [aUnit(two, worker, place, { index })]);
      await lab.tell(peer, one, "record", Records.codec.encode(record));
    }
    expect(one.alerts).toEqual(["equivocation"]);
    expect(kindsPending(one)).toEqual([doubleRecord.tag]);
  });
});

describe("a leader of two tasks", () => {
  it("may close the same round number of each: that is no second record", async () => {
    // Block 1 closed a round of the one, block 2 one of the other.
    const two = lab.of("toy-two");
    const block = aBlock(two, leader, await placeIn(both, two));
    expect(await lab.tellBlock(await lab.evil([both]), both, block)).toEqual({ kind: "accept" });
    await lab.clock.run(12_000);
    const [a, b] = [await round(first), await round(second)];
    expect(a.record.round).toBe(b.record.round);
    const peer = await serving(both, a, b);
    for (const { record } of [a, b])
      expect(await lab.tell(peer, both, "record", Records.codec.encode(record))).toEqual({ kind: "accept" });
    expect(both.alerts).toEqual([]);
  });
});
