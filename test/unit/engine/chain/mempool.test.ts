// What waits for a block: bounded, one per account nonce, and back again when a block that held it is dropped.
import { beforeEach, describe, expect, it } from "vitest";
import { ACCEPT, Emitter, toHex } from "../../../../src/base/index.ts";
import type { State } from "../../../../src/chain/index.ts";
import { type Block, Transaction } from "../../../../src/codec/index.ts";
import { Mempool } from "../../../../src/engine/chain/index.ts";
import type { EventBus } from "../../../../src/engine/events.ts";
import { alice, aStake, aTransfer, aWorld, bob, carol, mineBlock } from "../../../support/chain.ts";

const world = aWorld();
const { state: genesis, rules } = world;
let events: EventBus;
let state: State;
let mempool: Mempool;

beforeEach(() => {
  events = new Emitter();
  state = genesis;
  mempool = new Mempool(rules, { events, state: () => state });
});

/** The head moves: to `next`, by blocks that join and leave. */
function move(next: State, added: readonly Block[], dropped: readonly Block[] = []): void {
  state = next;
  events.emit("head", { tip: { id: next.tipId, height: next.height, work: next.work }, added, dropped });
}
const pay = (nonce: bigint, amount = 5n, fee = 1n): Transaction =>
  aTransfer(genesis, alice, bob.address, amount, { nonce, fee });
const ids = (): string[] => mempool.select().map((transaction) => `${Transaction.id(transaction)}`);
const idsOf = (...transactions: readonly Transaction[]): string[] =>
  transactions.map((one) => `${Transaction.id(one)}`);

describe("transactions of a block that is dropped", () => {
  it("wait again, unless the new branch holds them", () => {
    const [one, two] = [pay(0n), pay(1n)];
    const old = mineBlock(genesis, alice, rules, { transactions: [one, two] });
    move(old.state, [old.block]);
    expect(mempool.size).toBe(0);
    const other = mineBlock(genesis, carol, rules, { transactions: [one] });
    move(other.state, [other.block], [old.block]);
    expect(ids()).toEqual(idsOf(two));
    expect(mempool.size).toBe(1);
    expect(mempool.find(Transaction.id(two))).toEqual(two);
    expect(mempool.nextNonce(alice.address)).toBe(2n);
  });

  it("can be taken into the next block", () => {
    const one = pay(0n);
    const old = mineBlock(genesis, alice, rules, { transactions: [one] });
    move(old.state, [old.block]);
    const other = mineBlock(genesis, carol, rules);
    move(other.state, [other.block], [old.block]);
    const next = mineBlock(other.state, carol, rules, { transactions: mempool.select() });
    expect(next.block.body.transactions).toEqual([one]);
    move(next.state, [next.block]);
    expect(mempool.size).toBe(0);
  });

  it("do not come back when the new branch spent their nonce otherwise", () => {
    const old = mineBlock(genesis, alice, rules, { transactions: [pay(0n)] });
    move(old.state, [old.block]);
    const other = mineBlock(genesis, carol, rules, { transactions: [pay(0n, 6n)] });
    move(other.state, [other.block], [old.block]);
    expect([mempool.size, ids()]).toEqual([0, []]);
  });
});

describe("what waits", () => {
  it("goes once a block has used its nonce", () => {
    for (const one of [pay(0n), pay(1n), pay(2n)]) expect(mempool.add(one)).toEqual(ACCEPT);
    const block = mineBlock(genesis, carol, rules, { transactions: [pay(0n, 9n), pay(1n)] });
    move(block.state, [block.block]);
    expect(ids()).toEqual(idsOf(pay(2n)));
    expect(mempool.size).toBe(1);
  });

  it("is one per nonce, the dearer, and no more than the account can pay", () => {
    expect(mempool.add(pay(0n))).toEqual(ACCEPT);
    expect(mempool.add(pay(0n, 6n))).toMatchObject({ kind: "ignore", code: "nonce-taken" });
    expect(mempool.add(pay(0n, 6n, 2n))).toEqual(ACCEPT);
    expect(mempool.size).toBe(1);
    expect(mempool.add(pay(1n, 1_000_000n))).toMatchObject({ kind: "ignore", code: "low-balance" });
    expect(mempool.add(pay(65n))).toMatchObject({ kind: "ignore", code: "nonce-ahead" });
    expect(mempool.add({ ...pay(1n), signature: new Uint8Array(64) })).toMatchObject({
      kind: "reject",
      code: "bad-signature",
    });
  });
});

describe("what no block could hold as the accounts stand", () => {
  it("does not wait: free withdrawals of nothing, senders without an account, gifts below the fee", () => {
    const fee = aWorld({ accountFee: "10" });
    const own = new Mempool(fee.rules, { events, state: () => fee.state });
    const free = { fee: 0n };
    expect(own.add(aStake(fee.state, alice, "unstake", 1n, free))).toMatchObject({ kind: "ignore", code: "low-stake" });
    expect(own.add(aStake(fee.state, bob, "unstake", 1n, free))).toMatchObject({ kind: "ignore", code: "low-balance" });
    expect(own.add(aTransfer(fee.state, alice, bob.address, 19n))).toMatchObject({ code: "below-account-fee" });
    expect(own.size).toBe(0);
    expect(own.add(aTransfer(fee.state, alice, bob.address, 20n))).toEqual(ACCEPT);
  });

  it("goes with its sender's account", () => {
    const fee = aWorld({
      accountFee: "10",
      allocations: [alice, bob].map((key) => ({ address: toHex(key.address), amount: "1000" })),
    });
    let at = fee.state;
    const own = new Mempool(fee.rules, { events, state: () => at });
    const all = aTransfer(at, alice, bob.address, 995n, { fee: 0n });
    const later = aTransfer(at, alice, bob.address, 3n, { nonce: 1n });
    expect(own.add(later)).toEqual(ACCEPT);
    const { block, state: next } = mineBlock(at, carol, fee.rules, { transactions: [all] });
    expect(next.hasAccount(alice.address)).toBe(false);
    at = next;
    move(next, [block]);
    expect(own.size).toBe(0);
  });
});
