// What waits for a block: bounded, one per account nonce, and back again when a block that held it is dropped.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ACCEPT, Emitter, finish, toHex } from "../../../../src/base/index.ts";
import type { State } from "../../../../src/chain/index.ts";
import { type Block, Transaction } from "../../../../src/codec/index.ts";
import { Mempool } from "../../../../src/engine/chain/index.ts";
import type { EventBus } from "../../../../src/engine/events.ts";
import { TURN } from "../../../../src/engine/turns.ts";
import { alice, aStake, aTransfer, aWorld, bob, carol, mineBlock } from "../../../support/chain.ts";
import { Sim } from "../../../support/sim.ts";
import { settle } from "../../../support/virtual-clock.ts";

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

/** The head moves: to `next`, by blocks that join and leave; what left comes back. */
async function move(next: State, added: readonly Block[], dropped: readonly Block[] = []): Promise<void> {
  state = next;
  events.emit("head", { tip: { id: next.tipId, height: next.height, work: next.work }, added, dropped });
  await settle();
}
const pay = (nonce: bigint, amount = 5n, fee = 1n): Transaction =>
  aTransfer(genesis, alice, bob.address, amount, { nonce, fee });
const ids = (): string[] => finish(mempool.select()).map((transaction) => `${Transaction.id(transaction)}`);
const idsOf = (...transactions: readonly Transaction[]): string[] =>
  transactions.map((one) => `${Transaction.id(one)}`);

describe("transactions of a block that is dropped", () => {
  it("wait again, unless the new branch holds them", async () => {
    const [one, two] = [pay(0n), pay(1n)];
    const old = mineBlock(genesis, alice, rules, { transactions: [one, two] });
    await move(old.state, [old.block]);
    expect(mempool.size).toBe(0);
    const other = mineBlock(genesis, carol, rules, { transactions: [one] });
    await move(other.state, [other.block], [old.block]);
    expect(ids()).toEqual(idsOf(two));
    expect(mempool.size).toBe(1);
    expect(mempool.find(Transaction.id(two))).toEqual(two);
    expect(mempool.nextNonce(alice.address)).toBe(2n);
  });

  it("can be taken into the next block", async () => {
    const one = pay(0n);
    const old = mineBlock(genesis, alice, rules, { transactions: [one] });
    await move(old.state, [old.block]);
    const other = mineBlock(genesis, carol, rules);
    await move(other.state, [other.block], [old.block]);
    const next = mineBlock(other.state, carol, rules, { transactions: finish(mempool.select()) });
    expect(next.block.body.transactions).toEqual([one]);
    await move(next.state, [next.block]);
    expect(mempool.size).toBe(0);
  });

  it("do not come back when the new branch spent their nonce otherwise", async () => {
    const old = mineBlock(genesis, alice, rules, { transactions: [pay(0n)] });
    await move(old.state, [old.block]);
    const other = mineBlock(genesis, carol, rules, { transactions: [pay(0n, 6n)] });
    await move(other.state, [other.block], [old.block]);
    expect([mempool.size, ids()]).toEqual([0, []]);
  });

  it("come back in turns: a long branch that falls does not hold the event loop", async () => {
    const many = Array.from({ length: 16 }, (_, i) => pay(BigInt(i)));
    const old = mineBlock(genesis, alice, rules, { transactions: many });
    await move(old.state, [old.block]);
    const other = mineBlock(genesis, carol, rules);
    // The same block over and over, as many as a reorganisation may drop.
    const dropped = Array.from({ length: 64 }, () => old.block);
    state = other.state;
    const before = performance.nodeTiming.uvMetricsInfo.loopCount;
    events.emit("head", { tip: { id: state.tipId, height: state.height, work: state.work }, added: [], dropped });
    expect(mempool.size).toBe(0);
    await settle();
    expect(ids()).toEqual(idsOf(...many));
    expect(performance.nodeTiming.uvMetricsInfo.loopCount - before).toBeGreaterThanOrEqual((64 * 16) / TURN - 1);
  });
});

describe("what waits", () => {
  it("goes once a block has used its nonce", async () => {
    for (const one of [pay(0n), pay(1n), pay(2n)]) expect(mempool.add(one)).toEqual(ACCEPT);
    const block = mineBlock(genesis, carol, rules, { transactions: [pay(0n, 9n), pay(1n)] });
    await move(block.state, [block.block]);
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

  it("goes with its sender's account", async () => {
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
    await move(next, [block]);
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
  function filled(from: bigint | ((i: number) => bigint), feeOf: (i: number, n: bigint) => bigint): Mempool {
    const verify = vi.spyOn(Transaction, "verify").mockReturnValue(true);
    full = crowd.state;
    const own = new Mempool({ rules: crowd.rules, minFee: 0n }, { events, state: () => full });
    const first = typeof from === "bigint" ? () => from : from;
    for (let i = 0; i < 256; i++)
      for (let n = 0n; n < 16n; n++) {
        const nonce = first(i) + n;
        const made = i === STAKER ? aStake(crowd.state, sender(i), "stake", 1n, { nonce }) : by0(i);
        expect(own.add({ ...made, nonce, fee: feeOf(i, n) })).toEqual(ACCEPT);
      }
    verify.mockRestore();
    expect(own.size).toBe(4096);
    return own;
  }
  let full: State;
  const sender = (i: number): (typeof senders)[number] => senders[i] as (typeof senders)[number];
  /** Whose transactions are shorter than the others'. */
  const STAKER = 9;
  /** Of how many of a sender's nonces the mempool holds one, from the first on. */
  const held = (own: Mempool, i: number): number => Number(own.nextNonce(sender(i).address));
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
    expect(own.dropped.find(Transaction.id(by(7, 15n, 1n)))?.why).toContain("others pay more");
    for (let n = 1n; n < 16n; n++) expect(own.add(rich(n, 3n))).toEqual(ACCEPT);
    expect(own.size).toBe(4096);
    expect(own.add(rich(16n, 100_000n))).toMatchObject({ kind: "ignore", code: "mempool-full" });
  });

  it("does not look for room for ever where nothing goes", () => {
    const own = filled(0n, () => 2n);
    const one = rich(0n, 100_000n);
    const stuck = vi.spyOn(Map.prototype, "delete").mockReturnValue(false);
    try {
      expect(own.add(one).kind).toBe("accept");
    } finally {
      stuck.mockRestore();
    }
    expect(own.size).toBe(4096 + 1);
  });

  it("lets go of what waits behind a gap before any that a block can take, the cheapest of it first", () => {
    const own = filled(
      (i) => (i === 6 || i === 7 ? 1n : 0n),
      (i) => (i === 6 ? 50_000n : i === 7 ? 40_000n : 2n),
    );
    expect(own.add(rich(0n, 1n))).toEqual(ACCEPT);
    // All of the seventh, none of the sixth, and none that pays less and can be taken.
    expect(own.size).toBe(4096 - 16 + 1);
    expect(own.pending(sender(7).address).out).toBe(0n);
    expect(own.pending(sender(6).address).out).toBe(16n * 50_001n);
    expect(held(own, 0)).toBe(16);
  });

  it("weighs fees by the byte: what is shorter pays more with less", () => {
    const own = filled(0n, (i) => (i === STAKER ? 18n : 20n));
    expect(own.add(rich(0n, 21n))).toEqual(ACCEPT);
    expect(held(own, STAKER)).toBe(16);
    expect([0, 1, 2].map((i) => held(own, i))).toContain(0);
  });

  it("takes nothing of a sender for which its own would have to go", () => {
    const own = filled(0n, (i) => (i === 7 ? 1n : 2n));
    own.add(rich(0n, 3n));
    expect(held(own, 7)).toBe(0);
    for (let n = 0n; n < 14n; n++) expect(own.add(by(7, n, 1n))).toEqual(ACCEPT);
    expect(own.add(rich(1n, 3n))).toEqual(ACCEPT);
    expect([own.size, held(own, 7)]).toEqual([4096, 14]);
    expect(own.add(by(7, 14n, 100_000n))).toMatchObject({ kind: "ignore", code: "mempool-full" });
    expect(held(own, 7)).toBe(14);
  });

  it("looks again for what goes next after a replacement, and after each head", () => {
    const own = filled(0n, (i) => (i === 7 ? 1n : 2n));
    expect(own.add(rich(0n, 1n))).toMatchObject({ code: "mempool-full" });
    expect(own.add(by(7, 0n, 50n))).toEqual(ACCEPT);
    expect(own.add(rich(0n, 2n))).toEqual(ACCEPT);
    expect([own.size, held(own, 7)]).toEqual([4096 - 15 + 1, 1]);
    const gapped = filled(
      (i) => (i === 7 ? 1n : 0n),
      () => 2n,
    );
    expect(gapped.add(rich(1n, 3n))).toMatchObject({ code: "mempool-full" });
    // The gap closes: what waited behind it is as good as the others'.
    full = mineBlock(full, carol, crowd.rules, { transactions: [by(7, 0n, 1n)] }).state;
    events.emit("head", { tip: { id: full.tipId, height: full.height, work: full.work }, added: [], dropped: [] });
    const used = Number(full.account(sender(7).address).nonce);
    expect(gapped.add({ ...rich(0n, 3n) })).toEqual(ACCEPT);
    expect([used, held(gapped, 7)]).toEqual([1, 17]);
  });

  it("asks once for each account when the head moves, however much of it waits", () => {
    const own = filled(0n, () => 2n);
    const looks = vi.spyOn(full.positions, "get");
    events.emit("head", { tip: { id: full.tipId, height: full.height, work: full.work }, added: [], dropped: [] });
    expect([looks.mock.calls.length, own.size]).toEqual([256, 4096]);
    looks.mockRestore();
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
      state = { height, accountOf: () => genesis.account(alice.address) } as unknown as State;
      events.emit("head", { tip: { id: genesis.tipId, height, work: 0n }, added: [], dropped: [] });
      return mempool.size;
    });
    expect(left).toEqual([1, 0]);
  });
});
