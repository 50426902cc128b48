// What waited and is in no block: why, for whoever asks after it, and no more of it than a bound.
import { beforeEach, expect, it } from "vitest";
import { ACCEPT, Emitter, toHex } from "../../../../src/base/index.ts";
import type { State } from "../../../../src/chain/index.ts";
import { type Block, Transaction } from "../../../../src/codec/index.ts";
import { DroppedTransactions } from "../../../../src/engine/chain/dropped.ts";
import { Mempool } from "../../../../src/engine/chain/index.ts";
import type { EventBus } from "../../../../src/engine/events.ts";
import { alice, aTransfer, aWorld, bob, carol, mineBlock } from "../../../support/chain.ts";
import { settle } from "../../../support/virtual-clock.ts";

const { state: genesis, rules } = aWorld();
let events: EventBus;
let state: State;
let mempool: Mempool;

beforeEach(() => {
  events = new Emitter();
  state = genesis;
  mempool = new Mempool({ rules, minFee: 0n }, { events, state: () => state });
});

async function move(next: State, added: readonly Block[], dropped: readonly Block[] = []): Promise<void> {
  state = next;
  events.emit("head", { tip: { id: next.tipId, height: next.height, work: next.work }, added, dropped });
  await settle();
}
const pay = (nonce: bigint, amount = 5n, fee = 1n): Transaction =>
  aTransfer(genesis, alice, bob.address, amount, { nonce, fee });
const whyOf = (transaction: Transaction): string | undefined => mempool.dropped.find(Transaction.id(transaction))?.why;

it("a dearer one with the same nonce takes its place", () => {
  const [cheap, dear] = [pay(0n), pay(0n, 6n, 2n)];
  for (const one of [cheap, dear]) expect(mempool.add(one)).toEqual(ACCEPT);
  expect([whyOf(cheap), whyOf(dear)]).toEqual([
    "another transaction with its account nonce pays a tenth more",
    undefined,
  ]);
});

it("a block holds another one with its nonce, and what it holds was not dropped", async () => {
  const [held, beaten] = [pay(0n), pay(1n)];
  for (const one of [held, beaten, pay(2n)]) expect(mempool.add(one)).toEqual(ACCEPT);
  const { block, state: next } = mineBlock(genesis, carol, rules, { transactions: [held, pay(1n, 9n)] });
  await move(next, [block]);
  expect([held, beaten, pay(2n)].map(whyOf)).toEqual([
    undefined,
    "another transaction with its account nonce is in a block",
    undefined,
  ]);
});

it("a block that held it fell, and the new branch spent its nonce otherwise", async () => {
  const old = mineBlock(genesis, alice, rules, { transactions: [pay(0n)] });
  await move(old.state, [old.block]);
  const other = mineBlock(genesis, carol, rules, { transactions: [pay(0n, 6n)] });
  await move(other.state, [other.block], [old.block]);
  expect(whyOf(pay(0n))).toBe("the account nonce was used before: the account is at 1");
});

it("no block took it in for an hour", async () => {
  const one = pay(1n);
  mempool.add(one);
  const height = Math.ceil(3_600_000 / rules.blockTimeMs) + 1;
  await move({ height, accountOf: () => genesis.account(alice.address) } as unknown as State, []);
  expect(whyOf(one)).toBe("no block took it in for an hour");
});

it("its account is gone", async () => {
  const fee = aWorld({
    accountFee: "10",
    allocations: [alice, bob].map((key) => ({ address: toHex(key.address), amount: "1000" })),
  });
  state = fee.state;
  mempool = new Mempool({ rules: fee.rules, minFee: 0n }, { events, state: () => state });
  const all = aTransfer(state, alice, bob.address, 995n, { fee: 0n });
  const later = aTransfer(state, alice, bob.address, 3n, { nonce: 1n });
  for (const one of [all, later]) mempool.add(one);
  const { block, state: next } = mineBlock(state, carol, fee.rules, { transactions: [all] });
  await move(next, [block]);
  expect([all, later].map(whyOf)).toEqual([undefined, "its account is gone"]);
});

it("the last are remembered, by number and bytes", () => {
  const last = new DroppedTransactions();
  const sized = (nonce: number, bytes = 0): Transaction => ({ ...pay(BigInt(nonce)), payload: new Uint8Array(bytes) });
  const isKnown = (transaction: Transaction): boolean => last.find(Transaction.id(transaction)) !== undefined;
  for (let i = 0; i < 1025; i++) last.note(sized(i), "it went");
  expect([0, 1, 1024].map((i) => isKnown(sized(i)))).toEqual([false, true, true]);
  // Said again it is the newest, and counts once.
  last.note(sized(1), "it went again");
  last.note(sized(1025), "it went");
  expect([1, 2].map((i) => isKnown(sized(i)))).toEqual([true, false]);
  const large = [2000, 2001, 2002].map((i) => sized(i, 1 << 19));
  for (const one of large) last.note(one, "it went");
  expect(large.map(isKnown)).toEqual([false, true, true]);
  expect(isKnown(sized(1025))).toBe(false);
});
