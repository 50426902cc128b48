// What waits for a block: bounded, one per account nonce, and back again when a block that held it is dropped.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ACCEPT, Emitter, finish, toHex } from "../../../../src/base/index.ts";
import type { State } from "../../../../src/chain/index.ts";
import { type Block, Transaction } from "../../../../src/codec/index.ts";
import { Mempool } from "../../../../src/engine/chain/index.ts";
import type { EventBus } from "../../../../src/engine/events.ts";
import { alice, aStake, aTransfer, aWorld, bob, carol, mineBlock } from "../../../support/chain.ts";
import { Sim } from "../../../support/sim.ts";

const world = aWorld();
const { state: genesis, rules } = world;
let events: EventBus;
let state: State;
let mempool: Mempool;

beforeEach(() => {
  events = new Emitter();
  state = genesis;
  mempool = new Mempool({ rules, minFee: 0n }, { events, state: () => state });
});

/** The head moves: to `next`, by blocks that join and leave. */
function move(next: State, added: readonly Block[], dropped: readonly Block[] = []): void {
  state = next;
  events.emit("head", { tip: { id: next.tipId, height: next.height, work: next.work }, added, dropped });
}
const pay = (nonce: bigint, amount = 5n, fee = 1n): Transaction =>
  aTransfer(genesis, alice, bob.address, amount, { nonce, fee });
const ids = (): string[] => finish(mempool.select()).map((transaction) => `${Transaction.id(transaction)}`);
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
    const next = mineBlock(other.state, carol, rules, { transactions: finish(mempool.select()) });
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
    expect(mempool.add(pay(17n))).toMatchObject({ kind: "ignore", code: "nonce-ahead" });
    expect(mempool.add({ ...pay(1n), signature: new Uint8Array(64) })).toMatchObject({
      kind: "reject",
      code: "bad-signature",
    });
  });
});

describe("what no block could hold as the accounts stand", () => {
  it("does not wait: free withdrawals of nothing, senders without an account, gifts below the fee", () => {
    const fee = aWorld({ accountFee: "10" });
    const own = new Mempool({ rules: fee.rules, minFee: 0n }, { events, state: () => fee.state });
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
    const own = new Mempool({ rules: fee.rules, minFee: 0n }, { events, state: () => at });
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

describe("fees", () => {
  it("below this node's least are not kept, whatever a block may hold", () => {
    const own = new Mempool({ rules, minFee: 3n }, { events, state: () => state });
    expect(own.add(pay(0n, 5n, 2n))).toMatchObject({ kind: "ignore", code: "low-fee" });
    expect(own.add(pay(0n, 5n, 3n))).toEqual(ACCEPT);
  });

  it.each([
    [1n, 1n, false],
    [1n, 2n, true],
    [100n, 110n, false],
    [100n, 111n, true],
  ])("of %d are replaced by %d: %s", (before, after, replaced) => {
    mempool.add(pay(0n, 5n, before));
    expect(mempool.add(pay(0n, 6n, after)).kind === "accept").toBe(replaced);
    expect(mempool.size).toBe(1);
    expect(ids()).toEqual(idsOf(replaced ? pay(0n, 6n, after) : pay(0n, 5n, before)));
  });
});

describe("signatures", () => {
  it("are looked at last: nothing that would not be kept costs one", () => {
    const verify = vi.spyOn(Transaction, "verify");
    const own = new Mempool({ rules, minFee: 1n }, { events, state: () => state });
    const refused = [
      pay(0n, 5n, 0n),
      pay(0n, 1_000_000n),
      pay(17n),
      aTransfer(genesis, bob, alice.address, 1n),
      { ...pay(0n), genesis: new Uint8Array(32) },
      pay(0n, 0n),
    ];
    for (const one of refused) expect(own.add(one).kind).not.toBe("accept");
    expect(verify).not.toHaveBeenCalled();
    expect(own.add(pay(0n))).toEqual(ACCEPT);
    expect(verify).toHaveBeenCalledOnce();
    verify.mockRestore();
  });
});

describe("a full mempool", () => {
  const senders = Array.from({ length: 257 }, (_, i) => Sim.key(`sender ${i}`));
  const crowd = aWorld({ allocations: senders.map(({ address }) => ({ address: toHex(address), amount: "1000000" })) });
  const by = (i: number, nonce: bigint, fee: bigint): Transaction =>
    aTransfer(crowd.state, senders[i] as (typeof senders)[number], alice.address, 1n, { nonce, fee });
  const rich = (nonce: bigint, fee: bigint): Transaction => by(256, nonce, fee);

  /** 256 senders with 16 each, from a nonce on; the mempool takes them all. Their signatures cost more than the test. */
  function filled(from: bigint, feeOf: (i: number) => bigint): Mempool {
    const verify = vi.spyOn(Transaction, "verify").mockReturnValue(true);
    const own = new Mempool({ rules: crowd.rules, minFee: 0n }, { events, state: () => crowd.state });
    for (let i = 0; i < 256; i++)
      for (let n = 0n; n < 16n; n++) expect(own.add({ ...by0(i), nonce: from + n, fee: feeOf(i) })).toEqual(ACCEPT);
    verify.mockRestore();
    expect(own.size).toBe(4096);
    return own;
  }
  const unsigned = senders.map((_, i) => by(i, 0n, 0n));
  const by0 = (i: number): Transaction => unsigned[i] as Transaction;

  it("behind gaps of nonces, whatever its fees promise, takes who can be taken into a block", () => {
    const own = filled(1n, () => 50_000n);
    expect(own.add(rich(1n, 100_000n))).toMatchObject({ kind: "ignore", code: "mempool-full" });
    expect(own.add(rich(0n, 1n))).toEqual(ACCEPT);
    expect(own.add(rich(1n, 1n))).toEqual(ACCEPT);
    expect(finish(own.select())).toEqual([rich(0n, 1n), rich(1n, 1n)]);
  });

  it("of cheap ones takes a fee of 100,000, lets the cheapest go with all that come after it, and refuses who pays no more", () => {
    const own = filled(0n, (i) => (i === 7 ? 1n : 2n));
    expect(own.add(rich(0n, 1n))).toMatchObject({ kind: "ignore", code: "mempool-full" });
    expect(own.add(rich(0n, 100_000n))).toEqual(ACCEPT);
    expect(own.size).toBe(4096 - 16 + 1);
    expect(finish(own.select())[0]).toEqual(rich(0n, 100_000n));
    expect(own.nextNonce((senders[7] as (typeof senders)[number]).address)).toBe(0n);
    for (let n = 1n; n < 16n; n++) expect(own.add(rich(n, 3n))).toEqual(ACCEPT);
    expect(own.size).toBe(4096);
    expect(own.add(rich(16n, 100_000n))).toMatchObject({ kind: "ignore", code: "mempool-full" });
  });

  it("counts bytes as they are encoded", () => {
    const one = by0(0);
    expect(Transaction.codec.encode(one)).toHaveLength(149 + one.payload.length);
  });
});

describe("a transaction that no block takes in", () => {
  it("goes after an hour of blocks", () => {
    mempool.add(pay(1n));
    const hour = Math.ceil(3_600_000 / rules.blockTimeMs);
    const left = [hour, hour + 1].map((height) => {
      state = { height, hasAccount: () => true, account: () => genesis.account(alice.address) } as unknown as State;
      events.emit("head", { tip: { id: genesis.tipId, height, work: 0n }, added: [], dropped: [] });
      return mempool.size;
    });
    expect(left).toEqual([1, 0]);
  });
});
