// Accounts come and go: what making one costs, when one is removed, and that a place or a nonce is never mistaken afterwards.
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import { checkTransaction, type State } from "../../../src/chain/index.ts";
import type { Transaction } from "../../../src/codec/index.ts";
import { draftBlock } from "../../../src/consensus/index.ts";
import type { KeyPair } from "../../../src/crypto/index.ts";
import {
  aKey,
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
import { decodeState, encodeState } from "../../support/state-bytes.ts";

const FEE = 10n;
const allocations = [alice, bob].map(({ address }) => ({ address: toHex(address), amount: "1000000" }));
const { rules, state } = aWorld({ accountFee: `${FEE}`, allocations });
const mined = (on: State, transactions: readonly Transaction[], key: KeyPair = bob): State =>
  mineBlock(on, key, rules, { transactions }).state;
const draft = (on: State, transactions: readonly Transaction[]): object =>
  draftBlock(on, winningParts(on, bob, { transactions }, rules), rules);
const names = (on: State): string[] => on.accounts().map(({ address }) => toHex(address));
const hexOf = (...keys: readonly KeyPair[]): string[] => keys.map(({ address }) => toHex(address));
/** Alice pays several, in order. */
const paid = (on: State, to: readonly KeyPair[], amount = 100n): State =>
  mined(
    on,
    to.map(({ address }, i) =>
      aTransfer(on, alice, address, amount, { nonce: on.account(alice.address).nonce + BigInt(i) }),
    ),
  );
/** Spends all but `rest`, to alice. */
const leaving = (on: State, key: KeyPair, rest: bigint): Transaction =>
  aTransfer(on, key, alice.address, on.account(key.address).balance - 1n - rest);
const [x, y, z] = [aKey("x"), aKey("y"), aKey("z")];

describe("an account that a transfer makes", () => {
  it("costs the fee, which is burnt, and begins at a nonce of its height", () => {
    const next = paid(state, [carol], 25n);
    expect(next.account(carol.address)).toEqual({
      address: carol.address,
      balance: 15n,
      nonce: newNonce(1),
      stake: 0n,
    });
    expect([next.burnt, next.supply]).toEqual([10n, 2_000_000n + LONE.minted - 10n]);
    // Once it is there, it costs nothing.
    const again = paid(next, [carol], 1n);
    expect([again.account(carol.address).balance, again.burnt]).toEqual([16n, 10n]);
  });

  it("must be left with the fee at least, or the transfer is refused", () => {
    expect(draft(state, [aTransfer(state, alice, carol.address, 20n)])).toMatchObject({ kind: "draft" });
    const less = aTransfer(state, alice, carol.address, 19n);
    expect(checkTransaction(state, less, rules)).toMatchObject({ kind: "ignore", code: "below-account-fee" });
    expect(draft(state, [less])).toMatchObject({ kind: "reject", code: "below-account-fee" });
    // Behind one that makes the account it is an ordinary transfer.
    const more = aTransfer(state, alice, carol.address, 20n);
    expect(draft(state, [more, { ...aTransfer(state, alice, carol.address, 19n, { nonce: 1n }) }])).toMatchObject({
      kind: "draft",
    });
  });

  it("that a reward makes costs nothing, and begins at a nonce of its height too", () => {
    let at = mined(state, [], carol);
    while (at.height <= rules.maturity) at = mined(at, []);
    expect(at.account(carol.address)).toMatchObject({ balance: 470n, stake: 300n, nonce: newNonce(1) });
    expect(at.burnt).toBe(0n);
  });
});

describe("an account below the fee", () => {
  it("is removed at the end of the block that leaves it so, and its rest is burnt", () => {
    const three = paid(state, [x, y, z]);
    const next = mined(three, [leaving(three, x, 9n)]);
    expect(next.hasAccount(x.address)).toBe(false);
    expect(next.account(x.address)).toEqual({ address: x.address, balance: 0n, nonce: 0n, stake: 0n });
    expect(next.burnt).toBe(30n + 9n);
    expect(names(next)).toEqual(hexOf(alice, bob, z, y));
    // The control: with the fee left it stays.
    const stays = mined(three, [leaving(three, x, 10n)]);
    expect(stays.account(x.address)).toMatchObject({ balance: 10n, nonce: newNonce(1) + 1n });
    expect(names(stays)).toEqual(hexOf(alice, bob, x, y, z));
  });

  it("leaves the places of all others right, on every branch and after storage", () => {
    const three = paid(state, [x, y, z]);
    const left = mined(three, [leaving(three, x, 0n)]);
    const right = mined(three, [leaving(three, z, 0n), leaving(three, y, 0n)]);
    const further = paid(left, [x, carol], 50n);
    for (const at of [three, left, right, further, decodeState(encodeState(further))])
      for (const account of at.accounts()) expect(at.account(account.address)).toEqual(account);
    expect(names(right)).toEqual(hexOf(alice, bob, x));
    expect(names(further)).toEqual(hexOf(alice, bob, z, y, x, carol));
    expect(further.account(x.address)).toMatchObject({ balance: 40n, nonce: newNonce(3) });
    expect(decodeState(encodeState(further)).root).toEqual(further.root);
  });

  it("may be several of a block, the last of the list and new ones among them", () => {
    const three = paid(state, [x, y, z]);
    // A new account that spends all in its first block, and two old ones.
    const gift = aTransfer(three, alice, carol.address, 60n);
    const back = aTransfer(three, carol, alice.address, 49n, { nonce: newNonce(2) });
    const next = mined(three, [leaving(three, z, 3n), gift, back, leaving(three, x, 4n)]);
    expect(names(next)).toEqual(hexOf(alice, bob, y));
    expect(next.account(y.address).balance).toBe(90n);
    expect(next.burnt).toBe(30n + 3n + 4n + FEE);
  });

  it("stays while it has stake, withdrawals or immature rewards, and goes with the last of them", () => {
    const one = paid(state, [x]);
    const all = one.account(x.address).balance;
    const held = mined(one, [aStake(one, x, "stake", all - 1n)]);
    expect(held.account(x.address)).toMatchObject({ balance: 0n, stake: all - 1n });
    const asked = mined(held, [aStake(held, x, "unstake", all - 1n, { fee: 0n })]);
    expect(asked.account(x.address)).toMatchObject({ balance: 0n, stake: 0n, nonce: newNonce(1) + 2n });
    // A winner with nothing else.
    const won = mined(one, [leaving(one, x, 0n)], x);
    expect(won.account(x.address)).toMatchObject({ balance: 0n, nonce: newNonce(1) + 1n });
    // What unbonds is below the fee: then it goes too.
    const little = mined(one, [
      aStake(one, x, "stake", 9n),
      aStake(one, x, "unstake", 9n, { nonce: newNonce(1) + 1n }),
    ]);
    let at = mined(little, [leaving(little, x, 0n)]);
    expect(at.hasAccount(x.address)).toBe(true);
    const { burnt } = at;
    while (at.height < 2 + rules.unbonding) at = mined(at, []);
    expect(at.hasAccount(x.address)).toBe(false);
    expect(at.burnt).toBe(burnt + 9n);
  });

  it("stays as long as nobody touches it", () => {
    const poor = aWorld({
      accountFee: "10",
      allocations: [...allocations, { address: toHex(x.address), amount: "4" }],
    });
    const next = mineBlock(poor.state, bob, poor.rules).state;
    expect(next.account(x.address).balance).toBe(4n);
    const touched = mineBlock(next, bob, poor.rules, { transactions: [aTransfer(next, alice, x.address, 5n)] }).state;
    expect([touched.hasAccount(x.address), touched.burnt]).toEqual([false, 9n]);
  });

  it("never is, where there is no fee", () => {
    const free = aWorld();
    const transactions = [aTransfer(free.state, alice, carol.address, 999_999n)];
    const next = mineBlock(free.state, bob, free.rules, { transactions }).state;
    expect(next.account(alice.address)).toMatchObject({ balance: 0n, nonce: 1n });
    // Alice, carol and the winner, whose part is stake at once.
    expect(next.accountCount).toBe(3);
  });
});

describe("an account that comes back", () => {
  it("takes none of its old transactions again", () => {
    const one = paid(state, [x]);
    const old = [leaving(one, x, 5n), aTransfer(one, x, alice.address, 1n, { nonce: newNonce(1) + 1n })];
    const gone = mined(one, old.slice(0, 1));
    for (const transaction of old)
      expect(checkTransaction(gone, transaction, rules)).toMatchObject({ code: "low-balance" });
    const back = paid(gone, [x]);
    expect(back.account(x.address).nonce).toBe(newNonce(3));
    for (const transaction of old)
      expect(checkTransaction(back, transaction, rules)).toMatchObject({ code: "nonce-used" });
    // In the very block that makes it again, too.
    const gift = aTransfer(gone, alice, x.address, 100n);
    for (const transaction of old) expect(draft(gone, [gift, transaction])).toMatchObject({ code: "nonce-used" });
  });
});
