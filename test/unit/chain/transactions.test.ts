// Transactions: their kinds, how a block's follow each other, and which of many a block takes.
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ACCEPT,
  concatBytes,
  declareRefusals,
  formatAddress,
  type Piece,
  reject,
  toHex,
} from "../../../src/base/index.ts";
import {
  apply,
  checkTransaction,
  checkTransactionForm,
  costOf,
  type State,
  selectTransactions,
  selectTransactionsSteps,
  showTransaction,
  type Transfer,
  transferOf,
} from "../../../src/chain/index.ts";
import type { TransactionKind } from "../../../src/chain/transactions/kind.ts";
import { TRANSACTION_KINDS } from "../../../src/chain/transactions/kinds.ts";
import { transfer } from "../../../src/chain/transactions/transfer.ts";
import { Bytes32, codecOf, MAX_TRANSACTIONS, Transaction, U64 } from "../../../src/codec/index.ts";
import { checkBlock, draftBlock } from "../../../src/consensus/index.ts";
import { TURN } from "../../../src/engine/turns.ts";
import {
  aKey,
  alice,
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
const pay = (nonce: bigint, fee: bigint, amount = 10n): Transaction =>
  aTransfer(state, alice, bob.address, amount, { nonce, fee });
const draft = (on: State, transactions: readonly Transaction[]): object =>
  draftBlock(on, winningParts(on, carol, { transactions }, rules), rules);
/** Alice's transaction of any kind and payload, rightly signed. */
const raw = (kind: number, payload: Uint8Array): Transaction =>
  Transaction.sign(
    { genesis: rules.genesis, from: alice.address, nonce: 0n, fee: 1n, kind, payload },
    alice,
    rules.genesis,
  );
const payloadOf = (change: Partial<Transfer> = {}): Uint8Array =>
  transfer.payload.encode({ to: bob.address, amount: 5n, ...change });

describe("a block's transfers", () => {
  it("apply one after the other: money received can be spent in the same block", () => {
    const given = aTransfer(state, alice, bob.address, 100n);
    const passed = aTransfer(state, bob, carol.address, 99n, { nonce: newNonce(1) });
    expect(checkTransaction(state, passed, rules)).toMatchObject({ code: "low-balance" });
    expect(draft(state, [passed, given])).toMatchObject({ kind: "reject", code: "low-balance" });
    const next = mineBlock(state, carol, rules, { transactions: [given, passed] }).state;
    expect(next.account(bob.address)).toMatchObject({ balance: 0n, nonce: newNonce(1) + 1n });
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
    const altered = { ...pay(0n, 1n), payload: payloadOf({ to: carol.address, amount: 10n }) };
    expect(draft(state, [altered])).toMatchObject({ code: "bad-signature" });
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

describe("the choice of transactions", () => {
  it("takes the best fees first, an account's own in order of nonce", () => {
    const rich = mineBlock(state, carol, rules, { transactions: [pay(0n, 1n, 1000n)] }).state;
    const bobs = [1n, 50n].map((fee, i) =>
      aTransfer(rich, bob, carol.address, 5n, { fee, nonce: newNonce(1) + BigInt(i) }),
    );
    const alices = [20n, 30n].map((fee, i) => aTransfer(rich, alice, carol.address, 5n, { fee, nonce: BigInt(1 + i) }));
    const chosen = selectTransactions(rich, [...bobs, ...alices].reverse(), rules);
    expect(chosen.map(({ fee }) => fee)).toEqual([20n, 30n, 1n, 50n]);
    expect(selectTransactions(rich, [...bobs, ...alices], rules, 2).map(({ fee }) => fee)).toEqual([20n, 30n]);
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
    const chosen = selectTransactions(state, mixed, rules);
    // Of two with one nonce the dearer; nonce 3 waits for 2; the stranger has nothing.
    expect(chosen.map(({ fee }) => fee)).toEqual([9n, 1n]);
    expect(draft(state, chosen)).toMatchObject({ kind: "draft" });
  });

  it("spends money that an earlier one of the block brought, if that one is chosen first", () => {
    const given = aTransfer(state, alice, bob.address, 100n, { fee: 9n });
    const passed = aTransfer(state, bob, carol.address, 50n, { fee: 1n, nonce: newNonce(1) });
    expect(selectTransactions(state, [passed, given], rules)).toEqual([given, passed]);
    const eager = aTransfer(state, bob, carol.address, 50n, { fee: 20n, nonce: newNonce(1) });
    expect(selectTransactions(state, [eager, given], rules)).toEqual([given]);
  });

  it("stops at what a block may hold", () => {
    const many = Array.from({ length: MAX_TRANSACTIONS + 2 }, (_, i) => pay(BigInt(i), 1n, 1n));
    expect(selectTransactions(state, many, rules)).toEqual(many.slice(0, MAX_TRANSACTIONS));
    expect(selectTransactions(state, many, rules, 0)).toEqual([]);
  });

  it("of a full mempool looks at each account a few times only, and rests in between", () => {
    let looks = 0;
    const crowd = Array.from({ length: 2048 }, (_, i) => {
      const from = new Uint8Array(32).fill(255);
      new DataView(from.buffer).setUint32(0, i);
      const one = { ...pay(0n, 0n), from };
      const fee = (): bigint => {
        looks++;
        return BigInt((i * 7919) % 2048);
      };
      return Object.defineProperty(one, "fee", { get: fee });
    });
    const steps = selectTransactionsSteps(state, [...crowd, pay(0n, 5n)], rules);
    const pieces: Piece[] = [];
    let next = steps.next();
    for (; next.done !== true; next = steps.next()) pieces.push(next.value);
    expect(next.value).toEqual([pay(0n, 5n)]);
    expect(looks).toBeLessThan(2048 * 32);
    expect(pieces.length).toBeGreaterThan(2048);
    expect(Math.max(...pieces.map(Number))).toBeLessThanOrEqual(TURN / 2);
    // What sorting them took is told before the first is chosen.
    expect(pieces[0]).toBeCloseTo(2049 / 256);
  });

  /** Transactions of which every look at a fee is counted. */
  function watched(all: readonly Transaction[]): { readonly all: Transaction[]; readonly looks: () => number } {
    let looks = 0;
    const counted = all.map((one) => {
      const { fee } = one;
      const get = (): bigint => {
        looks++;
        return fee;
      };
      return Object.defineProperty({ ...one }, "fee", { get, enumerable: true });
    });
    return { all: counted, looks: () => looks };
  }

  it("does not look at the rest of an account that it has stopped at", () => {
    const poor = Array.from({ length: 128 }, (_, i) => new Uint8Array(32).fill(255).fill(i, 0, 1));
    const crowd = watched(
      poor.flatMap((from) => Array.from({ length: 16 }, (_, n) => ({ ...pay(BigInt(n), 1n), from }))),
    );
    expect(selectTransactions(state, crowd.all, rules)).toEqual([]);
    expect(crowd.looks()).toBeLessThan(128 * 32);
  });

  it("finds an account its place again by halves, and takes what came first of what pays the same", () => {
    const keys = Array.from({ length: 128 }, (_, i) => aKey(`rich ${i}`));
    const world = aWorld({ allocations: keys.map(({ address }) => ({ address: toHex(address), amount: "1000" })) });
    const blank = aTransfer(world.state, keys[0] as (typeof keys)[number], bob.address, 1n);
    const of = (n: number, fee: bigint): Transaction[] =>
      keys.map(({ address }) => ({ ...blank, from: address, nonce: BigInt(n), fee }));
    const crowd = watched(Array.from({ length: 8 }, (_, n) => of(n, 9n - BigInt(n))).flat());
    const chosen = selectTransactions(world.state, crowd.all, world.rules);
    expect(chosen).toHaveLength(1024);
    expect(chosen.slice(0, 128).map(({ from }) => toHex(from))).toEqual(keys.map(({ address }) => toHex(address)));
    expect(crowd.looks()).toBeLessThan(1024 * 40);
  });

  it("leaves the state as it was", () => {
    const root = Uint8Array.from(state.root);
    selectTransactions(state, [pay(0n, 1n)], rules);
    expect(state.root).toEqual(root);
    expect(state.account(alice.address).nonce).toBe(0n);
  });
});

describe("the form of a transaction", () => {
  it("has a kind that this version knows, even before its signature is looked at", () => {
    for (const kind of [203, 254, 255]) {
      const unknown = raw(kind, payloadOf());
      expect(checkTransactionForm(unknown, rules)).toMatchObject({
        kind: "reject",
        code: "unknown-kind",
        reason: expect.stringMatching(`: ${kind}$`),
      });
      expect(checkTransaction(state, unknown, rules)).toMatchObject({ kind: "reject", code: "unknown-kind" });
      expect(draft(state, [unknown])).toMatchObject({ kind: "reject", code: "unknown-kind" });
      expect(selectTransactions(state, [unknown], rules)).toEqual([]);
      expect(costOf(unknown)).toBeUndefined();
      expect(showTransaction(unknown, "devnet")).toEqual({ kind: `unknown (${kind})`, payload: {} });
    }
    expect(checkTransactionForm(raw(0, payloadOf()), rules)).toEqual(ACCEPT);
  });

  it("has a payload of its kind, in its one form", () => {
    const good = payloadOf();
    const bad = [
      good.subarray(1),
      good.subarray(0, -1),
      concatBytes(good, Uint8Array.of(0)),
      new Uint8Array(0),
      new Uint8Array(72 * 1024),
    ];
    for (const payload of bad) {
      const forged = raw(0, payload);
      expect(checkTransactionForm(forged, rules)).toMatchObject({
        kind: "reject",
        code: "bad-encoding",
        reason: expect.stringContaining("not a transfer"),
      });
      expect(draft(state, [forged])).toMatchObject({ code: "bad-encoding" });
      expect(selectTransactions(state, [forged], rules)).toEqual([]);
      expect(costOf(forged)).toBeUndefined();
      expect(showTransaction(forged, "devnet").payload).toEqual({});
    }
  });

  it("is the form of no other network, whoever signed it", () => {
    const abroad = aWorld({ network: "other" });
    const theirs = aTransfer(abroad.state, alice, bob.address, 5n);
    expect(checkTransactionForm(theirs, abroad.rules)).toEqual(ACCEPT);
    expect(checkTransactionForm(theirs, rules)).toMatchObject({ kind: "reject", code: "wrong-network" });
    const relabelled = { ...theirs, genesis: rules.genesis };
    expect(checkTransactionForm(relabelled, rules)).toMatchObject({ kind: "reject", code: "bad-signature" });
  });

  it("moves something, when it is a transfer", () => {
    expect(checkTransactionForm(raw(0, payloadOf({ amount: 0n })), rules)).toMatchObject({
      kind: "reject",
      code: "zero-amount",
    });
  });
});

describe("a transfer that a caller makes", () => {
  const order = { genesis: rules.genesis, from: alice.address, to: bob.address, amount: 1n, fee: 1n, nonce: 0n };

  it.each([
    ["a receiver of 31 bytes", { to: new Uint8Array(31) }, "BAD_ID"],
    ["a receiver in hex", { to: toHex(bob.address) }, "BAD_ID"],
    ["a receiver as 32 letters", { to: "z".repeat(32) }, "BAD_ID"],
    ["an amount below zero", { amount: -1n }, "BAD_AMOUNT"],
    ["an amount of 2^64", { amount: 2n ** 64n }, "BAD_AMOUNT"],
    ["an amount as text", { amount: "1" }, "BAD_AMOUNT"],
    ["an amount as a number", { amount: 1 }, "BAD_AMOUNT"],
    ["a fee below zero", { fee: -1n }, "BAD_AMOUNT"],
    ["a fee of 2^64", { fee: 2n ** 64n }, "BAD_AMOUNT"],
  ])("with %s is refused at the call", (_what, change, code) => {
    expect(refusal(() => transferOf({ ...order, ...change } as never))).toMatchObject({ code });
  });

  it("is taken up to the last unit", () => {
    const most = 2n ** 64n - 1n;
    const { payload, fee } = transferOf({ ...order, amount: most, fee: most });
    expect([transfer.payload.decode(payload).amount, fee]).toEqual([most, most]);
  });
});

describe("what a transaction is to people", () => {
  it("is its kind, its payload in addresses and coins, and its whole cost", () => {
    const most = 2n ** 64n - 1n;
    const one = raw(0, payloadOf({ amount: most }));
    expect(showTransaction(one, "devnet")).toEqual({
      kind: "transfer",
      payload: { to: formatAddress(bob.address, "devnet"), amount: "18446744073709.551615" },
    });
    // The sum may pass 64 bits: it is compared with a balance, never stored.
    expect(costOf({ ...one, fee: most })).toBe(2n * most);
  });

  it("has the size that its kind gives it", () => {
    const order = { genesis: rules.genesis, from: alice.address, to: bob.address, amount: 1n, fee: 0n, nonce: 0n };
    const bytes = Transaction.codec.encode(Transaction.sign(transferOf(order), alice, rules.genesis));
    // genesis, from, nonce, fee, kind, the payload's offset, signature; then recipient and amount.
    expect(bytes.length).toBe(32 + 32 + 8 + 8 + 1 + 4 + 64 + 32 + 8);
    expect(Transaction.codec.maxBytes).toBe(bytes.length - 40 + 72 * 1024);
  });
});

describe("the kinds", () => {
  it("have a tag and a name each, under which they are listed", () => {
    const all = Object.entries(TRANSACTION_KINDS);
    expect(all.map(([name]) => name)).toEqual(all.map(([, kind]) => kind.name));
    expect(new Set(all.map(([, kind]) => kind.tag)).size).toBe(all.length);
    for (const [, kind] of all) expect(kind.payload.maxBytes).toBeLessThanOrEqual(72 * 1024);
  });
});

/** All that a new kind is: shape, check, cost, effect and refusals in one file. This one pays many at once, until height 2. */
const own = declareRefusals({
  "payout-to-nobody": "the payout has nobody to pay",
  "payout-late": "the time of payouts is over",
});
const PayoutType = new ContainerType({ each: U64, to: new ListCompositeType(Bytes32, 4) });
const payout: TransactionKind<ValueOf<typeof PayoutType>> = {
  name: "payout",
  tag: 77,
  payload: codecOf("payout", PayoutType),
  check: ({ to }) => (to.length === 0 ? reject(own["payout-to-nobody"]) : ACCEPT),
  cost: ({ each, to }) => each * BigInt(to.length),
  apply: (working, { each, to }, _transaction, { height }) => {
    if (height > 2) return reject(own["payout-late"], `${height}`);
    for (const address of to) working.credit(address, each);
    return undefined;
  },
  show: ({ each, to }) => ({ each: `${each}`, to: to.map((address) => toHex(address)).join(" ") }),
};

describe("one more kind", () => {
  beforeAll(() => {
    // And its line in the table.
    Object.assign(TRANSACTION_KINDS, { payout });
  });
  afterAll(() => {
    Reflect.deleteProperty(TRANSACTION_KINDS, payout.name);
  });
  const paying = (on: State, to: readonly Uint8Array[], each = 7n): Transaction => {
    const { nonce } = on.account(alice.address);
    const payload = payout.payload.encode({ each, to: [...to] });
    const unsigned = { genesis: rules.genesis, from: alice.address, nonce, fee: 3n, kind: payout.tag, payload };
    return Transaction.sign(unsigned, alice, rules.genesis);
  };
  const both = [bob.address, carol.address];

  it("is read, judged, chosen, drafted and applied like the others, among them", () => {
    const { value } = Transaction.read(Transaction.codec.encode(paying(state, both)));
    expect(checkTransaction(state, value, rules)).toEqual(ACCEPT);
    expect(costOf(value)).toBe(17n);
    expect(showTransaction(value, "devnet")).toEqual({
      kind: "payout",
      payload: { each: "7", to: `${toHex(bob.address)} ${toHex(carol.address)}` },
    });
    const passed = aTransfer(state, bob, carol.address, 6n, { nonce: newNonce(1) });
    const chosen = selectTransactions(state, [pay(1n, 1n), value, passed], rules);
    expect(chosen.map(({ kind }) => kind)).toEqual([77, 0, 0]);
    const { block, state: next } = mineBlock(state, carol, rules, { transactions: chosen });
    expect(checkBlock(state, block, {}, rules)).toMatchObject({ kind: "state" });
    expect(next.account(alice.address)).toMatchObject({ balance: 1_000_000n - 17n - 11n, nonce: 2n });
    expect(next.account(bob.address).balance).toBe(7n + 10n - 7n);
    expect(next.account(carol.address).balance).toBe(7n + 6n);
    expect(next.supply).toBe(1_000_000n + LONE.minted);
  });

  it("is refused by its own checks and by those of all", () => {
    expect(checkTransaction(state, paying(state, []), rules)).toMatchObject({ code: "payout-to-nobody" });
    expect(checkTransaction(state, paying(state, both, 500_000n), rules)).toMatchObject({ code: "low-balance" });
    expect(checkTransaction(state, { ...paying(state, both), fee: 0n }, rules)).toMatchObject({
      code: "bad-signature",
    });
    const cut = { ...paying(state, both), payload: new Uint8Array(3) };
    expect(checkTransaction(state, cut, rules)).toMatchObject({ code: "bad-encoding" });
  });

  it("voids a block when it refuses to be applied, and is not chosen for one", () => {
    let late = state;
    while (late.height < 2) late = mineBlock(late, carol, rules).state;
    const refused = paying(late, both);
    expect(checkTransaction(late, refused, rules)).toEqual(ACCEPT);
    expect(draft(late, [refused])).toMatchObject({
      kind: "reject",
      code: "payout-late",
      reason: expect.stringMatching(/: 3$/),
    });
    const after = aTransfer(late, bob, carol.address, 5n);
    expect(selectTransactions(late, [refused, after], rules)).toEqual([]);
    expect(mineBlock(late, carol, rules).state.account(bob.address).balance).toBe(0n);
  });
});

it("a kind without its line in the table is unknown", () => {
  const payload = payout.payload.encode({ each: 1n, to: [bob.address] });
  expect(checkTransactionForm(raw(payout.tag, payload), rules)).toMatchObject({ code: "unknown-kind" });
});
