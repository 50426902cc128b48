// Money spent twice, replayed, or spent by a thief: in the mempool, in one block, and on two branches.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { finish, toHex } from "../../src/base/index.ts";
import { heldIn, type Transfer, transferOf } from "../../src/chain/index.ts";
import { type Block, Transaction } from "../../src/codec/index.ts";
import { forgeBody } from "../support/chain.ts";
import { aBlock, placeOf } from "../support/forge.ts";
import { type Evil, Lab, type Node, VICTIMS } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const rich = Sim.key("rich");
const shop = Sim.key("shop");
const friend = Sim.key("friend");
const maker = Sim.key("maker");
let lab: Lab;
let victim: Node;
let evil: Evil;
afterEach(() => lab.close());

type Order = Omit<Transaction, "kind" | "payload" | "signature"> & Transfer;

/** What a payment says before it is signed. */
function order(to: Uint8Array, change: Partial<Order> = {}): Order {
  const { genesis } = lab.network.rules;
  const { nonce } = victim.engine.ledger.state.account(rich.address);
  return { genesis, from: rich.address, to, amount: 600n, fee: 1n, nonce, ...change };
}
function pay(to: Uint8Array, change: Partial<Order> = {}, signer = rich): Transaction {
  const fields = order(to, change);
  return Transaction.sign(transferOf(fields), signer, fields.genesis);
}
/** A payment to the shop with its payload changed after it was signed. */
function altered(change: Partial<Order>): Transaction {
  const signed = pay(shop.address);
  return { ...signed, payload: transferOf({ ...order(shop.address), ...change }).payload };
}
const tell = (transaction: Transaction): Promise<object> =>
  lab.tell(evil, victim, "transaction", Transaction.codec.encode(transaction));
const blockWith = async (...transactions: readonly Transaction[]): Promise<Block> =>
  aBlock(lab, maker, await placeOf(victim), {}, { transactions });
const balance = (node: Node, owner: { readonly address: Uint8Array }): bigint =>
  node.engine.ledger.state.account(owner.address).balance;

/** A block whose body no honest miner would draft. */
async function bad(...transactions: readonly Transaction[]): Promise<Block> {
  const place = await placeOf(victim);
  return forgeBody(place.state, aBlock(lab, maker, place), maker, lab.network.rules, {
    transactions: [...transactions],
  });
}

describe.each(VICTIMS)("a %s", (_, options) => {
  beforeEach(async () => {
    lab = new Lab({ allocations: [{ address: toHex(rich.address), amount: "1000" }] });
    victim = await lab.node("v", options);
    evil = await lab.evil([victim]);
  });

  it("takes an honest transfer, into the mempool and from a block", async () => {
    const transfer = pay(shop.address);
    expect(await tell(transfer)).toEqual({ kind: "accept" });
    expect(finish(victim.engine.mempool.select())).toEqual([transfer]);
    expect(await lab.tellBlock(evil, victim, await blockWith(transfer))).toEqual({ kind: "accept" });
    expect(balance(victim, shop)).toBe(600n);
    expect(balance(victim, rich)).toBe(399n);
    expect(victim.engine.mempool.size).toBe(0);
  });

  it.each([
    ["a thief's signature", "bad-signature", (): Transaction => pay(friend.address, {}, friend)],
    ["an altered amount", "bad-signature", (): Transaction => altered({ amount: 601n })],
    ["an altered receiver", "bad-signature", (): Transaction => altered({ to: friend.address })],
    [
      "another network's genesis",
      "wrong-network",
      (): Transaction => pay(shop.address, { genesis: new Uint8Array(32) }),
    ],
    ["nothing to move", "zero-amount", (): Transaction => pay(shop.address, { amount: 0n })],
  ])("refuses %s, alone and in a block", async (_what, code, make) => {
    expect(await tell(make())).toMatchObject({ kind: "reject", code });
    expect(victim.engine.mempool.size).toBe(0);
    expect(await lab.tellBlock(evil, victim, await bad(make()))).toMatchObject({ kind: "reject", code });
    expect(balance(victim, rich)).toBe(1000n);
  });

  it("does not let a transfer be replayed", async () => {
    const transfer = pay(shop.address, { amount: 100n });
    await lab.tellBlock(evil, victim, await blockWith(transfer));
    expect(await tell(transfer)).toMatchObject({ kind: "ignore", code: "nonce-used" });
    await lab.clock.run(10_000);
    const again = await bad(transfer);
    expect(await lab.tellBlock(evil, victim, again)).toMatchObject({ kind: "reject", code: "nonce-used" });
    expect(balance(victim, shop)).toBe(100n);
    // The same payment again, signed anew, is another transfer.
    expect(await lab.tellBlock(evil, victim, await blockWith(pay(shop.address, { amount: 100n })))).toEqual({
      kind: "accept",
    });
    expect(balance(victim, shop)).toBe(200n);
  });

  it("stops looking at transactions of who brings more and more without cover, until the head moves, and looks at no signature of them", async () => {
    const verify = vi.spyOn(Transaction, "verify");
    const told: object[] = [];
    const uncovered = (i: number): Transaction => pay(shop.address, { from: Sim.key(`poor ${i}`).address, amount: 1n });
    for (let i = 0; i < 40; i++) told.push(await tell({ ...uncovered(i), signature: new Uint8Array(64) }));
    const low = { kind: "ignore", code: "low-balance" };
    const full = { kind: "ignore", code: "full" };
    expect(told).toMatchObject([...Array(32).fill(low), ...Array(8).fill(full)]);
    expect(verify).not.toHaveBeenCalled();
    verify.mockRestore();
    expect(await tell(pay(shop.address))).toMatchObject(full);
    // Others are heard, and so is it once the head moved; nobody is struck.
    const other = await lab.evil([victim]);
    const good = pay(shop.address, { fee: 2n });
    expect(await lab.tell(other, victim, "transaction", Transaction.codec.encode(good))).toEqual({ kind: "accept" });
    await lab.tellBlock(other, victim, await blockWith(good));
    await lab.clock.run(1000);
    expect(await tell(pay(shop.address, { amount: 1n }))).toEqual({ kind: "accept" });
    expect(victim.punished).toEqual([]);
  });

  it("holds one of two transfers that spend the same money, the dearer", async () => {
    expect(await tell(pay(shop.address))).toEqual({ kind: "accept" });
    expect(await tell(pay(friend.address))).toMatchObject({ kind: "ignore", code: "nonce-taken" });
    expect(await tell(pay(friend.address, { fee: 2n }))).toEqual({ kind: "accept" });
    expect(victim.engine.mempool.size).toBe(1);
    const { nonce } = pay(shop.address);
    expect(await tell(pay(shop.address, { nonce: nonce + 1n }))).toMatchObject({ kind: "ignore", code: "low-balance" });
  });

  it("refuses a block that spends the same money twice", async () => {
    const one = pay(shop.address);
    const other = pay(friend.address);
    const next = pay(friend.address, { nonce: one.nonce + 1n });
    expect(await lab.tellBlock(evil, victim, await bad(one, other))).toMatchObject({ code: "nonce-used" });
    expect(await lab.tellBlock(evil, victim, await bad(one, next))).toMatchObject({ code: "low-balance" });
    expect(victim.engine.ledger.head.height).toBe(0);
    expect(await lab.tellBlock(evil, victim, await blockWith(one))).toEqual({ kind: "accept" });
  });

  it("spends money once however many branches spend it", async () => {
    const toShop = await blockWith(pay(shop.address));
    const toFriend = aBlock(lab, friend, await placeOf(victim), {}, { transactions: [pay(friend.address)] });
    await lab.tellBlock(evil, victim, toShop);
    expect(balance(victim, shop)).toBe(600n);
    await lab.tellBlock(evil, victim, toFriend);
    // Whichever stands, the other's payment is undone; a block more on the losing one turns it round.
    const first = balance(victim, shop) === 600n ? toShop : toFriend;
    expect(balance(victim, shop) + balance(victim, friend)).toBe(600n);
    const other = await lab.node("w", {}, [evil]);
    const loser = first === toShop ? toFriend : toShop;
    await lab.tellBlock(evil, other, loser);
    await lab.clock.run(10_000);
    const more = aBlock(lab, maker, await placeOf(other));
    expect(await lab.tellBlock(evil, victim, more)).toEqual({ kind: "accept" });
    await lab.clock.run(2000);
    expect(balance(victim, shop)).toBe(loser === toShop ? 600n : 0n);
    expect(balance(victim, friend)).toBe(loser === toFriend ? 600n : 0n);
    expect(balance(victim, rich)).toBe(399n);
    // The undone payment came back to the mempool and can never be taken now.
    expect(finish(victim.engine.mempool.select())).toEqual([]);
    const { state } = victim.engine.ledger;
    expect(heldIn(state)).toBe(state.supply);
  });
});
