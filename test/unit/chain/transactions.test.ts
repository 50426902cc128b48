// Transfers: how a block's follow each other, and which of many a block takes.
import { describe, expect, it } from "vitest";
import { apply, checkTransfer, type State, selectTransfers } from "../../../src/chain/index.ts";
import type { Transfer } from "../../../src/codec/index.ts";
import { draftBlock } from "../../../src/consensus/index.ts";
import { aKey, alice, aTransfer, aWorld, bob, carol, mineBlock, winningParts } from "../../support/chain.ts";

const { rules, state } = aWorld();
const pay = (nonce: bigint, fee: bigint, amount = 10n): Transfer =>
  aTransfer(state, alice, bob.address, amount, { nonce, fee });
const draft = (on: State, transactions: readonly Transfer[]): object =>
  draftBlock(on, winningParts(on, carol, { transfers }, rules), rules);

describe("a block's transfers", () => {
  it("apply one after the other: money received can be spent in the same block", () => {
    const given = aTransfer(state, alice, bob.address, 100n);
    const passed = aTransfer(state, bob, carol.address, 99n);
    expect(checkTransfer(state, passed, rules)).toMatchObject({ code: "low-balance" });
    expect(draft(state, [passed, given])).toMatchObject({ kind: "reject", code: "low-balance" });
    const next = mineBlock(state, carol, rules, { transactions: [given, passed] }).state;
    expect(next.account(bob.address)).toMatchObject({ balance: 0n, nonce: 1n });
    expect(next.account(carol.address).balance).toBe(99n);
  });

  it("use each nonce once and in order", () => {
    expect(draft(state, [pay(0n, 1n), pay(0n, 1n)])).toMatchObject({ code: "nonce-used" });
    expect(draft(state, [pay(1n, 1n), pay(0n, 1n)])).toMatchObject({ code: "nonce-ahead" });
    expect(draft(state, [pay(0n, 1n), pay(1n, 1n)])).toMatchObject({ kind: "draft" });
  });

  it("may pay their own sender, who loses the fee only", () => {
    const self = aTransfer(state, alice, alice.address, 10n, { fee: 3n });
    const next = mineBlock(state, carol, rules, { transactions: [self] }).state;
    expect(next.account(alice.address)).toMatchObject({ balance: 999_997n, nonce: 1n });
  });

  it("may spend a balance to the last coin, and not one more", () => {
    expect(draft(state, [pay(0n, 1n, 999_999n)])).toMatchObject({ kind: "draft" });
    expect(draft(state, [pay(0n, 1n, 1_000_000n)])).toMatchObject({ code: "low-balance" });
    const most = 2n ** 64n - 1n;
    expect(draft(state, [pay(0n, most, most)])).toMatchObject({ code: "low-balance" });
  });

  it("are refused when altered after signing", () => {
    expect(draft(state, [{ ...pay(0n, 1n), to: carol.address }])).toMatchObject({ code: "bad-signature" });
  });

  it("leave the state that refuses them untouched", () => {
    const { block } = mineBlock(state, carol, rules, { transactions: [pay(0n, 1n)] });
    const root = Uint8Array.from(state.root);
    const bad = { ...block, body: { ...block.body, transactions: [pay(0n, 1n), pay(5n, 1n)] } };
    expect(apply(state, bad, rules)).toMatchObject({ code: "nonce-ahead" });
    expect(state.root).toEqual(root);
    expect(state.account(bob.address).balance).toBe(0n);
    expect(apply(state, block, rules)).toMatchObject({ kind: "state" });
  });
});

describe("the choice of transfers", () => {
  it("takes the best fees first, an account's own in order of nonce", () => {
    const rich = mineBlock(state, carol, rules, { transactions: [pay(0n, 1n, 1000n)] }).state;
    const bobs = [1n, 50n].map((fee, i) => aTransfer(rich, bob, carol.address, 5n, { fee, nonce: BigInt(i) }));
    const alices = [20n, 30n].map((fee, i) => aTransfer(rich, alice, carol.address, 5n, { fee, nonce: BigInt(1 + i) }));
    const chosen = selectTransfers(rich, [...bobs, ...alices].reverse());
    expect(chosen.map((transfer) => transfer.fee)).toEqual([20n, 30n, 1n, 50n]);
    expect(selectTransfers(rich, [...bobs, ...alices], 2).map((transfer) => transfer.fee)).toEqual([20n, 30n]);
    expect(draft(rich, chosen)).toMatchObject({ kind: "draft" });
  });

  it("leaves out what does not apply, and still makes a block", () => {
    const stranger = aKey("stranger");
    const mixed = [
      pay(0n, 5n),
      pay(0n, 9n),
      pay(1n, 1n),
      pay(3n, 100n),
      aTransfer(state, stranger, bob.address, 1n, { fee: 1000n }),
    ];
    const chosen = selectTransfers(state, mixed);
    // Of two with one nonce the dearer; nonce 3 waits for 2; the stranger has nothing.
    expect(chosen.map((transfer) => transfer.fee)).toEqual([9n, 1n]);
    expect(draft(state, chosen)).toMatchObject({ kind: "draft" });
  });
});
