// The law of money under long random histories: deposits, withdrawals, offences, accounts that go and come back. Nothing is lost, made or used twice.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import {
  decodeState,
  doubleBlock,
  encodeState,
  evidenceOf,
  paymentsOf,
  type State,
  selectEvidence,
  selectTransactions,
} from "../../src/chain/index.ts";
import type { Block, Evidence, Transaction } from "../../src/codec/index.ts";
import { checkBlock } from "../../src/consensus/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import { aKey, aStake, aTransfer, aWorld, doubleOf, mineBlock, newNonce, someRecords } from "../support/chain.ts";

/** The first four begin with money and stake; the others come, go and come back. */
const people = Array.from({ length: 10 }, (_, i) => aKey(`person ${i}`));
const person = (i: number): KeyPair => people[i % people.length] as KeyPair;
const FEE = 10n;
const { rules, state: start } = aWorld({
  accountFee: `${FEE}`,
  unbonding: 9,
  allocations: people.slice(0, 4).map(({ address }) => ({ address: toHex(address), amount: "5000", stake: "300" })),
});
const ALLOCATED = 4n * 5300n;

interface Act {
  readonly kind: "pay" | "sweep" | "stake" | "unstake";
  readonly from: number;
  readonly to: number;
  readonly amount: number;
  readonly fee: number;
}
interface Step {
  readonly miner: number;
  readonly records: number;
  readonly acts: readonly Act[];
  /** Of the block time. */
  readonly tenths: number;
  readonly accuse: boolean;
}
const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom("pay", "sweep", "stake", "unstake"),
  from: fc.nat(9),
  to: fc.nat(9),
  amount: fc.integer({ min: 1, max: 120 }),
  fee: fc.nat(3),
});
const history: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    miner: fc.nat(9),
    records: fc.nat(1),
    acts: fc.array(act, { maxLength: 4 }),
    tenths: fc.oneof({ weight: 19, arbitrary: fc.integer({ min: 1, max: 40 }) }, fc.integer({ min: 200, max: 900 })),
    accuse: fc.nat(7).map((n) => n === 0),
  }),
  { minLength: 150, maxLength: 250, size: "max" },
);

/** The transaction of an act with this nonce. A sweep leaves less than the fee. */
function transactionOf(state: State, { kind, from, to, amount, fee }: Act, nonce: bigint): Transaction | undefined {
  const key = person(from);
  const paid = { nonce, fee: BigInt(fee) };
  if (kind === "stake" || kind === "unstake") return aStake(state, key, kind, BigInt(amount), paid);
  if (kind === "pay") return aTransfer(state, key, person(to).address, BigInt(amount), paid);
  const all = state.account(key.address).balance - paid.fee - BigInt(amount % 10);
  return all > 0n && to !== from ? aTransfer(state, key, person(to).address, all, paid) : undefined;
}

/** Of a step's acts, those that apply on `state`, with the nonces that they need. */
function applicable(state: State, acts: readonly Act[]): Transaction[] {
  const next = new Map<number, bigint>();
  const all: Transaction[] = [];
  for (const one of acts) {
    const { address } = person(one.from);
    const first = state.hasAccount(address) ? state.account(address).nonce : newNonce(state.height + 1);
    const nonce = next.get(one.from) ?? first;
    const transaction = transactionOf(state, one, nonce);
    if (transaction === undefined) continue;
    const chosen = selectTransactions(state, [...all, transaction], rules);
    if (chosen.length === all.length + 1) all.push(transaction);
    if (all.at(-1) === transaction) next.set(one.from, nonce + 1n);
  }
  return selectTransactions(state, all, rules);
}

const sum = (entries: readonly { readonly amount: bigint }[]): bigint =>
  entries.reduce((all, { amount }) => all + amount, 0n);

function checkMoney(state: State, minted: bigint): void {
  const accounts = state.accounts();
  let held = sum(state.immature()) + sum(state.unbonding());
  for (const account of accounts) {
    held += account.balance + account.stake;
    expect([account.balance >= 0n, account.stake >= 0n]).toEqual([true, true]);
    // The memo finds each where it is now.
    expect(state.account(account.address)).toEqual(account);
  }
  expect(new Set(accounts.map(({ address }) => toHex(address))).size).toBe(accounts.length);
  for (const { amount } of [...state.immature(), ...state.unbonding()]) expect(amount).toBeGreaterThan(0n);
  expect(held).toBe(state.supply);
  expect(state.supply).toBe(ALLOCATED + minted - state.burnt);
}

/** None of what was ever in a block can be in one again, not even behind a gift that makes its sender's account anew. */
function checkReplay(state: State, old: readonly Transaction[], rich: KeyPair): void {
  expect(selectTransactions(state, old, rules)).toEqual([]);
  const gone = people.find(({ address }) => !state.hasAccount(address));
  if (gone === undefined || state.account(rich.address).balance < 100n) return;
  const gift = aTransfer(state, rich, gone.address, 60n, { fee: 30n });
  expect(selectTransactions(state, [gift, ...old], rules)).toEqual([gift]);
}

/** What happened, for the controls. */
interface Seen {
  removed: number;
  cameBack: number;
  unbonded: number;
  punished: number;
  taken: bigint;
}

class Player {
  state = start;
  /** By all blocks so far. */
  minted = 0n;
  readonly old: Transaction[] = [];
  #leader: KeyPair | undefined;
  #held: Evidence[] = [];
  readonly #gone = new Set<string>();
  readonly #seen: Seen;

  constructor(seen: Seen) {
    this.#seen = seen;
  }

  play(step: Step): void {
    const before = this.state;
    const free = people.filter(({ address }) => !before.isBanned(address));
    const miner = free[step.miner % free.length] as KeyPair;
    const leader = this.#leader ?? miner;
    const leads = before.height > 0 && free.includes(leader);
    const covered = before.collateralOf(miner.address) >= rules.minCollateral;
    const records = leads && covered ? someRecords(before, leader, [miner], step.records, rules) : [];
    const evidence = selectEvidence(before, this.#held, rules);
    const transactions = applicable(before, step.acts);
    const time = before.time + step.tenths * (rules.blockTimeMs / 10);
    const { block, state } = mineBlock(before, miner, rules, { records, evidence, transactions, time });
    expect(checkBlock(before, block, {}, rules)).toMatchObject({ kind: "state" });
    this.minted += paymentsOf(before, block, 0n, rules).minted;
    this.#look(before, state, block);
    this.#held = step.accuse ? [evidenceOf(doubleBlock, { a: block.header, b: doubleOf(block, miner, rules) })] : [];
    this.#leader = miner;
    this.old.push(...transactions);
    this.state = state;
  }

  #look(before: State, after: State, { body }: Block): void {
    const seen = this.#seen;
    for (const { address } of people) {
      const name = toHex(address);
      const [was, is] = [before.hasAccount(address), after.hasAccount(address)];
      if (was && !is) {
        seen.removed++;
        this.#gone.add(name);
      }
      if (!was && is && this.#gone.has(name)) seen.cameBack++;
    }
    if (before.unbonding().length > after.unbonding().length) seen.unbonded++;
    seen.punished += body.evidence.length;
    if (body.evidence.length > 0) seen.taken += after.burnt - before.burnt;
  }
}

describe("long random histories with offences and accounts that come and go", () => {
  it("keep every coin in one place, come back whole from storage, and take no transaction twice", () => {
    const seen: Seen = { removed: 0, cameBack: 0, unbonded: 0, punished: 0, taken: 0n };
    fc.assert(
      fc.property(history, (steps) => {
        const player = new Player(seen);
        for (const [i, step] of steps.entries()) {
          player.play(step);
          checkMoney(player.state, player.minted);
          const back = decodeState(encodeState(player.state));
          expect(toHex(back.root)).toBe(toHex(player.state.root));
          // A node that starts from its store has another memo of places: it must go on the same.
          if (i % 40 === 39) player.state = back;
          checkReplay(player.state, player.old, person(i % 4));
        }
      }),
      // A history of 200 blocks shrinks for minutes; the seed is what one needs.
      { numRuns: 4, endOnFailure: true },
    );
    // The controls: all of it was tried.
    for (const count of [seen.removed, seen.cameBack, seen.unbonded, seen.punished]) expect(count).toBeGreaterThan(10);
    expect(seen.taken).toBeGreaterThan(0n);
  }, 120_000);
});
