// States: lookups, ageing rewards, the ring of recent blocks, storage, and that old states stay what they were.
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import { heldIn, nextTarget, type State, stateRoot } from "../../../src/chain/index.ts";
import { MAX_EVIDENCE_BLOCKS, RECENT_BLOCKS } from "../../../src/chain/state/state-type.ts";
import { Header } from "../../../src/codec/block.ts";
import { drawHash, nextBeacon, unitOfHeader } from "../../../src/work/index.ts";
import {
  aKey,
  alice,
  aTransfer,
  aWorld,
  bob,
  carol,
  LONE,
  mineBlock,
  mineChain,
  STAKES,
  taskIn,
} from "../../support/chain.ts";
import { decodeState, encodeState } from "../../support/state-bytes.ts";

describe("accounts", () => {
  it("are found on every branch, whatever other branches put in the same place", () => {
    const { rules, state } = aWorld();
    const [x, y, z] = [aKey("x"), aKey("y"), aKey("z")];
    const pay = (from: State, to: readonly Uint8Array[]): State => {
      let nonce = from.account(alice.address).nonce;
      const transactions = to.map((address, i) => aTransfer(from, alice, address, 10n + BigInt(i), { nonce: nonce++ }));
      return mineBlock(from, alice, rules, { transactions }).state;
    };
    const left = pay(state, [x.address, y.address]);
    const right = pay(state, [y.address, z.address]);
    expect(left.account(x.address).balance).toBe(10n);
    expect(left.account(y.address).balance).toBe(11n);
    expect(left.account(z.address).balance).toBe(0n);
    expect(right.account(x.address).balance).toBe(0n);
    expect(right.account(y.address).balance).toBe(10n);
    expect(right.account(z.address).balance).toBe(11n);
    expect(state.accountCount).toBe(1);
    expect(state.account(y.address).balance).toBe(0n);
    const further = pay(left, [z.address]);
    expect(further.account(z.address).balance).toBe(10n);
    expect(further.accounts().map((account) => toHex(account.address))).toEqual(
      [alice, x, y, z].map((key) => toHex(key.address)),
    );
  });
});

describe("rewards", () => {
  it("mature after `maturity` blocks, and no sooner", () => {
    const { rules, state } = aWorld();
    let at = mineBlock(state, bob, rules).state;
    expect(at.immature(bob.address)).toEqual([
      { address: bob.address, author: bob.address, amount: LONE.immature, height: 1 },
    ]);
    for (let height = 2; height <= rules.maturity; height++) {
      at = mineBlock(at, carol, rules).state;
      expect(at.account(bob.address).balance).toBe(0n);
    }
    expect(at.immature().map((reward) => reward.height)).toEqual([1, 2, 3, 4, 5]);
    at = mineBlock(at, carol, rules).state;
    expect(at.account(bob.address)).toMatchObject({ balance: LONE.immature, stake: LONE.stake });
    expect(at.immature(bob.address)).toEqual([]);
    expect(heldIn(at)).toBe(at.supply);
  });

  it("include the fees of the block's transfers", () => {
    const { rules, state } = aWorld();
    const transactions = [aTransfer(state, alice, carol.address, 5n, { fee: 30n })];
    const next = mineBlock(state, bob, rules, { transactions }).state;
    expect(next.immature(bob.address)).toMatchObject([{ amount: LONE.immature }, { amount: 30n }]);
    expect(next.account(alice.address)).toMatchObject({ balance: 999_965n, nonce: 1n });
    expect(next.supply).toBe(1_000_000n + LONE.minted);
  });
});

describe("the tip", () => {
  const world = aWorld(STAKES);
  const { blocks, states } = mineChain(world, 20, { miners: [alice, bob] });
  const at = (height: number): State => states[height] as State;

  it("has the id of its block, computed from the state alone", () => {
    for (const [i, block] of blocks.entries()) {
      expect(at(i + 1).tipId).toEqual(Header.id(block.header));
      expect(block.header.stateRoot).toEqual(stateRoot(at(i + 1)));
    }
  });

  it("carries beacon, draw, work and the task's round", () => {
    for (const [i, { header, body }] of blocks.entries()) {
      const draw = drawHash(unitOfHeader(at(i).beacon, header), header.nonce);
      expect(at(i + 1).draw).toEqual(draw);
      expect(at(i + 1).beacon).toEqual(nextBeacon(at(i).beacon, draw));
      expect(at(i + 1).work - at(i).work).toBe(16n);
      const task = at(i + 1).task(taskIn(world.rules).id);
      expect(task).toMatchObject({ round: header.round + 1, parametersDigest: body.closing.nextDigest });
      // One record of the leader a block, but on genesis, and the closing one.
      expect(header.round).toBe((at(i).task(taskIn(world.rules).id)?.round as number) + body.records.length);
    }
  });

  it("keeps the genesis target through block 1, however late it came, and is retargeted from block 2 on", () => {
    const { rules, state } = world;
    for (const wait of [1, 1000, 500_000]) {
      const late = mineBlock(state, alice, rules, { time: state.time + wait }).state;
      // The genesis time says nothing of how hard the first block was.
      expect(late.target).toEqual(state.target);
      const second = mineBlock(late, alice, rules, { time: late.time + 2000 }).state;
      expect(second.target).toEqual(nextTarget(late.target, 2000, rules));
      expect(second.target).not.toEqual(late.target);
    }
  });

  it("remembers the last RECENT_BLOCKS blocks, of which evidence may name any", () => {
    const long = mineChain(world, RECENT_BLOCKS + 4, { miners: [alice, bob], records: 0 });
    const tip = long.states.at(-1) as State;
    for (let height = 5; height <= tip.height; height++) {
      const { tipId: id, beacon, time, target } = long.states[height] as State;
      const miner = long.blocks[height - 1]?.header.miner;
      expect(tip.recentBlock(height)).toEqual({ height, id, beacon, miner, time, target });
    }
    for (const height of [-1, 4, tip.height + 1]) expect(tip.recentBlock(height)).toBeUndefined();
    expect(RECENT_BLOCKS).toBeGreaterThan(MAX_EVIDENCE_BLOCKS);
  });

  it("survives storage, and goes on from there the same", () => {
    for (const height of [0, 1, 17, 20]) {
      const state = at(height);
      const back = decodeState(encodeState(state));
      expect(back.root).toEqual(state.root);
      expect(back.tipId).toEqual(state.tipId);
      expect(encodeState(back)).toEqual(encodeState(state));
      expect(back.account(bob.address)).toEqual(state.account(bob.address));
      const next = mineBlock(back, bob, world.rules);
      expect(next.state.root).toEqual(mineBlock(state, bob, world.rules).state.root);
    }
  });

  it("refuses damaged bytes", () => {
    const bytes = encodeState(at(20));
    const coded = expect.objectContaining({ code: "BAD_ENCODING" });
    expect(() => decodeState(bytes.subarray(0, -1))).toThrow(coded);
    expect(() => decodeState(new Uint8Array(10))).toThrow(coded);
    // Every changed byte either breaks the encoding or shows in the root.
    let decoded = 0;
    for (let i = 0; i < bytes.length; i += 7) {
      const flipped = Uint8Array.from(bytes);
      flipped[i] = (flipped[i] as number) ^ 1;
      try {
        expect(decodeState(flipped).root).not.toEqual(at(20).root);
        decoded++;
      } catch (error) {
        expect(error).toEqual(coded);
      }
    }
    expect(decoded).toBeGreaterThan(100);
  });

  it("keeps its parents as they were", () => {
    const before = states.map((state) => ({ bytes: encodeState(state), root: Uint8Array.from(state.root) }));
    mineChain({ state: at(20), rules: world.rules }, 3, { miners: [bob, carol] });
    for (const [i, { bytes, root }] of before.entries()) {
      expect(encodeState(at(i))).toEqual(bytes);
      expect(at(i).root).toEqual(root);
      expect(decodeState(bytes).root).toEqual(root);
    }
  });
});
