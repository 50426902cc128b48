// Long chains shown to a node that joins: of the past it runs a sample of the units, and a chain of which half is forged leads nowhere.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromBigInt, toHex } from "../../src/base/index.ts";
import { type Block, Header } from "../../src/codec/index.ts";
import type { Checked } from "../../src/engine/storage/index.ts";
import { aBlock, placeOf } from "../support/forge.ts";
import { type Answer, bestChainOf, Lab, type Node } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

/** A segment, the newest blocks that are run each, and some more. */
const HEIGHT = 160;
let lab: Lab;
let miner: Node;
let chain: Block[];
afterEach(() => lab.close());

beforeEach(async () => {
  lab = new Lab();
  miner = await lab.node("m", { mines: true });
  await lab.mine(miner, HEIGHT, 0);
  chain = await bestChainOf(miner);
}, 60_000);

const idOf = ({ header }: Block): string => toHex(Header.id(header));

/** How each of these blocks is known to be good at a node, and how often. */
async function outcomes(
  node: Node,
  blocks: readonly Block[],
): Promise<{ readonly [K in Checked | "unknown"]?: number }> {
  const counts: { [K in Checked | "unknown"]?: number } = {};
  for (const { header } of blocks) {
    const checked = (await node.engine.ledger.entry(Header.id(header)))?.checked ?? "unknown";
    counts[checked] = (counts[checked] ?? 0) + 1;
  }
  return counts;
}

/** Lets time pass until `node` has the honest chain. */
async function synced(node: Node, ms = 600_000): Promise<void> {
  const { ledger } = miner.engine;
  await lab.clock.run(ms, () => toHex(node.engine.ledger.head.id) === toHex(ledger.head.id));
  expect(toHex(node.engine.ledger.head.id)).toBe(toHex(ledger.head.id));
}

/** Units that a node runs from now on. */
function runsOf({ engine }: Node): { count: number } {
  const runs = { count: 0 };
  engine.events.on("executed", () => runs.count++);
  return runs;
}

/** A heavier chain than the honest one, of a key that trains `trained` of its units and makes the others up. */
async function privateChain(trained: (i: number) => boolean): Promise<{ blocks: Block[]; answer: Answer }> {
  const dupe = await lab.node("dupe", { trains: false, trusts: ["liar"] });
  const forger = await lab.evil([dupe]);
  const blocks: Block[] = [];
  for (let i = 0; i <= HEIGHT; i++) {
    const cheat = trained(i) ? {} : { end: (honest: Float32Array) => honest.map((x) => x + 2 ** -20) };
    const block = aBlock(lab, Sim.key("nobody"), await placeOf(dupe), cheat);
    await lab.vouch(dupe, block, "valid", "liar");
    await lab.tellBlock(forger, dupe, block);
    await lab.clock.run(9000);
    blocks.push(block);
  }
  const { head } = dupe.engine.ledger;
  expect(head.height).toBe(HEIGHT + 1);
  expect(head.work).toBeGreaterThan(miner.engine.ledger.head.work);
  await dupe.engine.stop();
  return { blocks, answer: lab.chain(blocks, { work: fromBigInt(head.work, 32) }) };
}

describe("the past of an honest chain", () => {
  it("is taken as good after a sample of its units, and every unit of its end is run", async () => {
    const joiner = await lab.node("j", {}, []);
    const runs = runsOf(joiner);
    const told: { progress: number; moves: boolean }[] = [];
    joiner.engine.events.on("sync", ({ progress = 0, moves }) => {
      if (joiner.engine.ledger.head.height < 10) told.push({ progress, moves });
    });
    await lab.connect(joiner, miner);
    await synced(joiner);
    // It shows how far it has come, and that it syncs, before anything of it leads.
    expect(Math.max(...told.filter(({ moves }) => moves).map(({ progress }) => progress))).toBeGreaterThan(0.5);
    const past = await outcomes(joiner, chain.slice(0, HEIGHT - 12));
    expect(past).toEqual({ sample: expect.any(Number), executed: expect.any(Number) });
    expect(past.executed).toBeLessThanOrEqual(32);
    await lab.clock.run(60_000, () => joiner.engine.ledger.head.checked === "executed");
    expect(await outcomes(joiner, chain.slice(HEIGHT - 12))).toEqual({ executed: 12 });
    expect(runs.count).toBe(12 + (past.executed as number));
    expect(joiner.punished).toEqual([]);
  });

  it("is run whole by a node that verifies", async () => {
    const joiner = await lab.node("v", { verifies: true }, [miner]);
    await synced(joiner);
    await lab.clock.run(60_000, () => joiner.engine.backlog === 0);
    expect(await outcomes(joiner, chain)).toEqual({ executed: HEIGHT });
  });

  it("is run whole after a peer showed more of it than it serves", async () => {
    const joiner = await lab.node("j");
    const all = lab.chain(chain, { work: fromBigInt(miner.engine.ledger.head.work, 32) });
    const some = lab.chain(chain.slice(0, HEIGHT / 2));
    await lab.evil([joiner], (protocol, data, from) => {
      if (protocol === "blob") return miner.handlers.request(protocol, data, from);
      return (protocol === "blocks" ? some : all)(protocol, data, from);
    });
    await lab.clock.run(120_000, () => joiner.engine.ledger.head.height === HEIGHT / 2);
    await lab.clock.run(10_000);
    expect(joiner.engine.ledger.head.height).toBe(HEIGHT / 2);
    expect(await outcomes(joiner, chain.slice(0, HEIGHT / 2))).toEqual({ executed: HEIGHT / 2 });
  });

  it("is gone on with by a node that was stopped in the middle of it", async () => {
    const joiner = await lab.node("j", {}, [miner]);
    await lab.clock.run(600_000, () => joiner.engine.ledger.heaviest.height > 100);
    expect((await outcomes(joiner, chain)).pending).toBeGreaterThan(40);
    await joiner.engine.stop();
    const again = await lab.node("j2", { store: joiner.store }, []);
    await lab.clock.run(60_000, () => again.engine.backlog === 0);
    const { height } = again.engine.ledger.head;
    expect(height).toBeGreaterThan(100);
    expect(await outcomes(again, chain.slice(0, height))).toEqual({ executed: height });
    await lab.connect(again, miner);
    await synced(again);
  });
});

describe("a heavier chain of which half the units were made up", () => {
  it("never leads at a node that joins, whatever it is shown first", async () => {
    const { blocks, answer } = await privateChain((i) => i % 2 === 0);
    const joiner = await lab.node("j");
    const theirs = new Set(blocks.map(idOf));
    const led: string[] = [];
    joiner.engine.events.on("head", ({ added }) => led.push(...added.map(idOf).filter((id) => theirs.has(id))));
    await lab.evil([joiner], answer);
    await lab.clock.run(20_000);
    await lab.connect(joiner, miner);
    await synced(joiner);
    // Its first unit was trained, and is as good as anybody's; what that earned answers for one more, under a third that was run too.
    for (const id of led) expect(blocks.slice(0, 3).map(idOf)).toContain(id);
    expect(joiner.alerts).toContain("forged-unit");
    expect(joiner.engine.peers.get(miner.wire.peerId)).toBeDefined();
  });
});
