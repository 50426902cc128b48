// A block of the largest size: who sends it paid for a win, and whoever checks it listens to everybody else meanwhile.
import { performance } from "node:perf_hooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finish, type Piece, type Steps, toHex } from "../../src/base/index.ts";
import { Block, BlockNotice, MAX_TRANSACTIONS, REQUESTS } from "../../src/codec/index.ts";
import { checkBlockSteps } from "../../src/consensus/index.ts";
import { TURN } from "../../src/engine/turns.ts";
import { aTransfer } from "../support/chain.ts";
import { aBlock, aUnit, following, type Place, placeAfter, placeOf, recordAt } from "../support/forge.ts";
import { type Answer, type Evil, Lab, type Node } from "../support/lab.ts";
import { Sim, STAKED } from "../support/sim.ts";

/** Records of 64 contributions that a head has room for, and a place less. */
const RECORDS = 27;
const leader = Sim.key("leader");
const rich = Sim.key("rich");
const allocations = STAKED.map((name) => ({
  address: toHex(Sim.key(name).address),
  amount: name === "rich" ? "1000000" : "0",
  stake: "1000000",
}));

let lab: Lab;
let victim: Node;
let evil: Evil;
let place: Place;
/** What the evil peer serves. */
let large: Block;

/** As many records, contributions and transactions on `place` as a block takes. */
function fill(from: Place): Block {
  let at = from;
  for (let round = 0; round < RECORDS; round++) {
    const units = Array.from({ length: 64 }, (_, index) => aUnit(lab, Sim.key("worker"), at, { index }));
    at = placeAfter(at, recordAt(lab, leader, at, units), following(at, units));
  }
  const { nonce } = at.state.account(rich.address);
  const transactions = Array.from({ length: MAX_TRANSACTIONS }, (_, i) =>
    aTransfer(at.state, rich, Sim.key(`payee ${i}`).address, 5n, { nonce: nonce + BigInt(i) }),
  );
  return aBlock(lab, leader, at, {}, { transactions });
}

beforeAll(async () => {
  lab = new Lab({ allocations });
  // It takes the records on the word of their leader: what it spends is the check alone.
  victim = await lab.node("v", { trains: false, follows: [] });
  const none = lab.nothing();
  const answer: Answer = async (protocol, data, from) =>
    protocol === "blocks"
      ? REQUESTS.blocks.reply.encode({ blocks: [Block.codec.encode(large)] })
      : none(protocol, data, from);
  evil = await lab.evil([victim], answer);
  const maker = await lab.node("maker");
  const first = aBlock(lab, leader, await placeOf(maker));
  await lab.tellBlock(await lab.evil([maker]), maker, first);
  await lab.tellBlock(evil, victim, first);
  place = await placeOf(maker);
  large = fill(place);
}, 120_000);
afterAll(() => lab.close());

/** The work of the block's check from one piece to the next. */
function pieces(): Piece[] {
  const all: Piece[] = [];
  function* watched<R>(steps: Steps<R>): Steps<R> {
    for (;;) {
      const next = steps.next();
      if (next.done === true) return next.value;
      all.push(next.value);
      yield next.value;
    }
  }
  const checked = finish(watched(checkBlockSteps(place.state, large, {}, lab.network.rules)));
  expect(checked.kind).toBe("state");
  return all;
}

const loops = (): number => performance.nodeTiming.uvMetricsInfo.loopCount;

describe("a block with every list full", () => {
  it("is some 700 KB, and its check is some thousands of pieces, none more than half a turn", () => {
    const size = Block.codec.encode(large).length;
    expect(size).toBeGreaterThan(600_000);
    const work = pieces();
    const weights = work.filter((piece) => typeof piece === "number");
    expect(Math.max(...weights)).toBeLessThanOrEqual(TURN / 2);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeGreaterThan(3000);
    // Every signature but the header's is named ahead, at most a record's or as many transactions at once.
    const ahead = work.filter((piece) => typeof piece !== "number").map(({ length }) => length);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(64);
    expect(ahead.reduce((sum, count) => sum + count, 0)).toBe(64 * RECORDS + MAX_TRANSACTIONS + 1);
  });

  it("comes through the intake while the event loop goes round, once for each turn at least", async () => {
    const notice = BlockNotice.of(Block.wrap(large));
    const before = loops();
    const verdict = await lab.tell(evil, victim, "block", notice);
    const during = loops() - before;
    expect(await victim.engine.ledger.entry(Block.wrap(large).id)).toBeDefined();
    expect(["accept", "ignore"]).toContain(verdict.kind);
    // The same path with a block that holds nothing.
    const small = aBlock(lab, Sim.key("other"), place);
    const idle = loops();
    await lab.tellBlock(evil, victim, small);
    const alone = loops() - idle;
    expect(during - alone).toBeGreaterThan(3000 / TURN);
  });
});
