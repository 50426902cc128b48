// Stake: money put at risk and withdrawn, to the last block; and the order in which a block ripens, moves and punishes.
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import {
  checkTransaction,
  costOf,
  readPayload,
  type State,
  selectTransactions,
  showTransaction,
} from "../../../src/chain/index.ts";
import type { Transaction } from "../../../src/codec/index.ts";
import { draftBlock } from "../../../src/consensus/index.ts";
import type { KeyPair } from "../../../src/crypto/index.ts";
import {
  alice,
  aStake,
  aTransfer,
  aWorld,
  bob,
  carol,
  LONE,
  mineBlock,
  newNonce,
  winningParts,
} from "../../support/chain.ts";
import { refusal } from "../../support/refusal.ts";

const { rules, state } = aWorld();
const mined = (on: State, transactions: readonly Transaction[], key: KeyPair = carol): State =>
  mineBlock(on, key, rules, { transactions }).state;
const until = (height: number, from: State): State => {
  let at = from;
  while (at.height < height) at = mined(at, []);
  return at;
};
const draft = (on: State, transactions: readonly Transaction[]): object =>
  draftBlock(on, winningParts(on, carol, { transactions }, rules), rules);
const staked = mined(state, [aStake(state, alice, "stake", 500n)]);

describe("a stake", () => {
  it("comes out of the balance, and is collateral from then on", () => {
    expect(staked.account(alice.address)).toMatchObject({ balance: 999_499n, stake: 500n, nonce: 1n });
    expect([state.collateralOf(alice.address), staked.collateralOf(alice.address)]).toEqual([0n, 500n]);
    expect(staked.supply).toBe(1_000_000n + LONE.minted);
    const more = mined(staked, [aStake(staked, alice, "stake", 1n)]);
    expect(more.collateralOf(alice.address)).toBe(501n);
  });

  it("takes no more than the balance covers, and moves something", () => {
    expect(draft(state, [aStake(state, alice, "stake", 999_999n)])).toMatchObject({ kind: "draft" });
    expect(draft(state, [aStake(state, alice, "stake", 1_000_000n)])).toMatchObject({ code: "low-balance" });
    expect(checkTransaction(state, aStake(state, alice, "stake", 0n), rules)).toMatchObject({ code: "zero-amount" });
    // What is at stake cannot be spent.
    expect(draft(staked, [aTransfer(staked, alice, bob.address, 999_499n)])).toMatchObject({ code: "low-balance" });
  });

  it("is read and written by people as an amount", () => {
    for (const kind of ["stake", "unstake"] as const) {
      const one = aStake(state, alice, kind, 12n, { fee: 3n });
      expect(showTransaction(one, "devnet")).toEqual({ kind, payload: { amount: "0.000012" } });
      expect(readPayload(kind, { amount: "0.000012" })).toEqual({ kind: one.kind, payload: one.payload });
      expect(costOf(one)).toBe(kind === "stake" ? 15n : 3n);
      expect(refusal(() => readPayload(kind, { to: toHex(bob.address), amount: "12" }))).toMatchObject({
        code: "BAD_ENCODING",
      });
    }
  });
});

describe("a withdrawal", () => {
  const asked = mined(staked, [aStake(staked, alice, "unstake", 200n)]);

  it("is collateral no more, and balance after the unbonding time", () => {
    expect(asked.account(alice.address)).toMatchObject({ balance: 999_498n, stake: 300n, nonce: 2n });
    expect(asked.unbonding(alice.address)).toEqual([{ address: alice.address, amount: 200n, height: 2 }]);
    expect(asked.unbonding(bob.address)).toEqual([]);
    const before = until(2 + rules.unbonding - 1, asked);
    expect(before.account(alice.address).balance).toBe(999_498n);
    expect(before.unbonding()).toHaveLength(1);
    const after = mined(before, []);
    expect(after.height).toBe(2 + rules.unbonding);
    expect(after.account(alice.address)).toMatchObject({ balance: 999_698n, stake: 300n });
    expect(after.unbonding()).toEqual([]);
  });

  it("can be spent in the block in which it ends, and not in the one before", () => {
    const all = aTransfer(asked, alice, bob.address, 999_697n);
    const before = until(2 + rules.unbonding - 1, asked);
    expect(draft(until(2 + rules.unbonding - 2, asked), [all])).toMatchObject({ code: "low-balance" });
    expect(selectTransactions(before, [all], rules)).toEqual([all]);
    expect(mined(before, [all]).account(bob.address).balance).toBe(999_697n);
  });

  it("takes no more than is at stake, also of several in one block", () => {
    expect(checkTransaction(staked, aStake(staked, alice, "unstake", 501n), rules)).toMatchObject({
      kind: "ignore",
      code: "low-stake",
    });
    const twice = [300n, 201n].map((amount, i) => aStake(staked, alice, "unstake", amount, { nonce: 1n + BigInt(i) }));
    expect(draft(staked, twice)).toMatchObject({ kind: "reject", code: "low-stake" });
    expect(selectTransactions(staked, twice, rules)).toEqual(twice.slice(0, 1));
  });

  it("is one entry for each account and block, however often it is asked for", () => {
    const three = [1n, 2n, 3n].map((amount, i) => aStake(staked, alice, "unstake", amount, { nonce: 1n + BigInt(i) }));
    expect(mined(staked, three).unbonding()).toEqual([{ address: alice.address, amount: 6n, height: 2 }]);
  });

  it("may follow the deposit in the same block", () => {
    const both = [aStake(state, alice, "stake", 10n), aStake(state, alice, "unstake", 10n, { nonce: 1n })];
    const next = mined(state, both);
    expect(next.account(alice.address)).toMatchObject({ balance: 999_988n, stake: 0n, nonce: 2n });
    expect(next.unbonding()).toMatchObject([{ amount: 10n, height: 1 }]);
  });

  it("is nothing that an address without an account can ask for, not even free of charge", () => {
    const free = aStake(state, bob, "unstake", 1n, { fee: 0n });
    expect(checkTransaction(state, free, rules)).toMatchObject({ kind: "ignore", code: "low-balance" });
    expect(draft(state, [free])).toMatchObject({ code: "low-balance" });
  });
});

describe("the order in a block", () => {
  it("lets what matures in it be spent in it", () => {
    const before = until(rules.maturity, mined(state, [], bob));
    expect(before.account(bob.address).balance).toBe(0n);
    const spent = aTransfer(before, bob, carol.address, 469n, { nonce: newNonce(1) });
    expect(mined(before, [spent]).account(bob.address)).toMatchObject({ balance: 0n, nonce: newNonce(1) + 1n });
    // A block before, the reward of the same block is not mature.
    const early = until(rules.maturity - 1, mined(state, [], bob));
    expect(draft(early, [aTransfer(early, bob, carol.address, 469n)])).toMatchObject({
      code: "low-balance",
    });
  });
});
