// Everything that a header can lie about, sent to a running engine: refused before anything behind it is looked at, and the honest block is taken.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { State } from "../../src/chain/index.ts";
import { type Block, Header, type UnsignedHeader } from "../../src/codec/index.ts";
import { sha256 } from "../../src/crypto/index.ts";
import { drawHash, findWin, firstNonce, noncesPerUnit, unitOfHeader } from "../../src/work/index.ts";
import { forgeBlock } from "../support/chain.ts";
import { aBlock, aWin, blockOf, closingAt, type Place, placeOf } from "../support/forge.ts";
import { Lab, type Node, VICTIMS } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const zero = new Uint8Array(32);
let lab: Lab;
let victim: Node;
/** The victim's tip, and where it stood one block before. */
let place: Place;
let before: State;
const key = Sim.key("cheat");
afterAll(() => lab.close());

type Change = Partial<UnsignedHeader>;
const signed = (block: Block, change: Change): Block => forgeBlock(block, key, lab.network.rules, change);
const honest = (): Block => aBlock(lab, key, place);

/** Nonces of the honest unit's digest for which the draw does what is asked. */
function otherNonce(pick: (wins: boolean, first: bigint) => boolean): Block {
  for (let index = 0; index < 500; index++) {
    const block = blockOf(lab, key, place, aWin(lab, key, place, {}, index));
    for (let j = 0; j < noncesPerUnit(lab.task, lab.network.rules); j++) {
      const nonce = BigInt.asUintN(64, firstNonce(block.header.digest) + BigInt(j));
      const draw = drawHash(unitOfHeader(place.state.beacon, block.header), nonce);
      const wins = Buffer.compare(draw, place.state.target) < 0;
      if (nonce !== block.header.nonce && pick(wins, nonce)) return signed(block, { nonce });
    }
  }
  throw new Error("not found");
}

/** A nonce that wins and that the unit did not earn: found by hashing on. */
function unearned(): Block {
  const block = honest();
  for (let j = noncesPerUnit(lab.task, lab.network.rules); ; j++) {
    const nonce = BigInt.asUintN(64, firstNonce(block.header.digest) + BigInt(j));
    const draw = drawHash(unitOfHeader(place.state.beacon, block.header), nonce);
    if (Buffer.compare(draw, place.state.target) < 0) return signed(block, { nonce });
  }
}

/** The honest block with fields changed, and a digest made up until the draw wins: hashing is all it takes. */
function ground(change: Change): Block {
  const block = honest();
  for (let i = 0; ; i++) {
    const forged = { ...block.header, ...change, digest: sha256(Uint8Array.of(i, i >> 8)) };
    const unit = unitOfHeader(place.state.beacon, forged);
    const win = findWin(unit, noncesPerUnit(lab.task, lab.network.rules), place.state.target);
    if (win !== undefined) return signed(block, { ...change, digest: forged.digest, nonce: win.nonce });
  }
}

/** A unit that wins under the beacon of one block earlier, and not under the tip's. */
function oldDraw(): Block {
  for (let index = 0; index < 500; index++) {
    const stale = aWin(lab, key, { ...place, state: before }, {}, index);
    const block = honest();
    const { digest, index: at } = stale.contribution;
    const forged = signed(block, { digest, index: at, nonce: stale.win.nonce });
    const draw = drawHash(unitOfHeader(place.state.beacon, forged.header), stale.win.nonce);
    if (Buffer.compare(draw, place.state.target) >= 0) return forged;
  }
  throw new Error("not found");
}

/** The honest block under another miner's name; the draw is the name's too, so whether it wins still is chance. */
function renamed(wins: boolean): Block {
  const time = lab.clock.wallTime() + 1;
  for (let i = 0; i < 5000; i++) {
    const forged = signed(honest(), { miner: Sim.key(`other ${i}`).address, time });
    const draw = drawHash(unitOfHeader(place.state.beacon, forged.header), forged.header.nonce);
    if (Buffer.compare(draw, place.state.target) < 0 === wins) return forged;
  }
  throw new Error("not found");
}

const FORGERIES: readonly (readonly [what: string, code: string, make: () => Block])[] = [
  ["a nonce outside its range", "nonce-out-of-range", unearned],
  ["a nonce that does not win", "draw-above-target", () => otherNonce((wins) => !wins)],
  ["a win that is not the unit's lowest draw", "not-lowest-draw", () => otherNonce((wins) => wins)],
  ["a unit that trained nothing", "idle-unit", () => signed(honest(), { digest: place.start })],
  ["a draw against an old beacon", "draw-above-target", oldDraw],
  ["an easier target", "wrong-target", () => signed(honest(), { target: new Uint8Array(32).fill(255) })],
  ["a harder target", "wrong-target", () => signed(honest(), { target: zero })],
  ["the parent's time", "time-not-after-parent", () => signed(honest(), { time: place.state.time })],
  ["a time before the parent's", "time-not-after-parent", () => signed(honest(), { time: place.state.time - 1 })],
  [
    "a time too far in the future",
    "time-in-future",
    () => signed(honest(), { time: lab.clock.wallTime() + lab.network.rules.maxFutureMs + 1000 }),
  ],
  ["a wrong state root", "wrong-state-root", () => signed(honest(), { stateRoot: zero })],
  ["a wrong body root", "wrong-body-root", () => signed(honest(), { bodyRoot: zero })],
  ["wrong parameters to start from", "wrong-start", () => ground({ startDigest: zero })],
  ["wrong parameters, without the work of a draw", "wrong-start", () => signed(honest(), { startDigest: zero })],
  ["a round that its records do not lead to", "wrong-round", () => ground({ round: place.round + 1 })],
  ["a round that nothing leads to", "wrong-round", () => signed(honest(), { round: place.round + 300 })],
  ["a wrong height", "wrong-height", () => signed(honest(), { height: place.state.height + 2 })],
  ["an unknown task", "unknown-task", () => signed(honest(), { task: zero })],
  ["another protocol version", "wrong-version", () => signed(honest(), { version: lab.network.rules.version + 1 })],
  [
    "another's signature",
    "bad-signature",
    () => ({ ...honest(), header: forgeBlock(honest(), Sim.key("other"), lab.network.rules, {}).header }),
  ],
  ["another miner's name", "draw-above-target", () => renamed(false)],
  ["another miner's name under which the draw wins too", "bad-signature", () => renamed(true)],
  [
    "a contribution that is not the header's",
    "wrong-body-root",
    () => {
      const closing = closingAt(lab, place, [aWin(lab, key, place, {}, 400)]);
      return { ...honest(), body: { ...honest().body, closing } };
    },
  ],
];

describe.each(VICTIMS)("a %s", (_, options) => {
  beforeAll(async () => {
    lab = new Lab();
    const miner = await lab.node("m", { mines: true });
    victim = await lab.node("v", options, [miner]);
    await lab.mine(miner, 2);
    before = victim.engine.ledger.state;
    await lab.mine(miner, 1);
    place = await placeOf(victim);
  });

  it.each(FORGERIES)("refuses %s", async (_what, code, make) => {
    const evil = await lab.evil([victim]);
    const forged = make();
    const verdict = await lab.tellBlock(evil, victim, forged);
    // Only the future may be the fault of our own clock.
    expect(verdict).toMatchObject({ kind: code === "time-in-future" ? "ignore" : "reject", code });
    expect(await lab.fate(victim, forged)).toBe("unknown");
    expect(victim.engine.ledger.head.height).toBe(3);
  });

  it("refuses a parent that nobody has, and does not blame for it", async () => {
    const evil = await lab.evil([victim]);
    const orphan = signed(honest(), { parent: zero });
    expect(await lab.tellBlock(evil, victim, orphan)).toMatchObject({ kind: "ignore", code: "unknown-parent" });
    expect(evil.linked(victim)).toBe(true);
  });

  it("bans who sends three of them", async () => {
    const evil = await lab.evil([victim]);
    for (let i = 1; i <= 3; i++) {
      expect(evil.linked(victim)).toBe(true);
      await lab.tellBlock(evil, victim, signed(honest(), { stateRoot: new Uint8Array(32).fill(i) }));
    }
    expect(evil.linked(victim)).toBe(false);
  });

  it("does not fetch the block behind a bad header", async () => {
    const evil = await lab.evil([victim]);
    const bytes = Header.codec.encode(signed(honest(), { target: zero }).header);
    const verdict = await lab.tell(evil, victim, "block", Uint8Array.from([1, ...bytes]));
    expect(verdict).toMatchObject({ kind: "reject", code: "wrong-target" });
    expect(evil.asked).not.toContain("blocks");
  });

  it("takes the honest block", async () => {
    const good = await lab.evil([victim]);
    const block = honest();
    expect(await lab.tellBlock(good, victim, block)).toEqual({ kind: "accept" });
    await lab.clock.run(2000);
    expect(await lab.fate(victim, block)).toBe("executed, stands");
    await lab.close();
  });
});
