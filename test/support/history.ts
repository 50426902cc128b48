// Long random histories of a made-up network: every kind of transaction, offences of either kind, accounts that go and come back, late units,
// two tasks, seasons that turn. What is drawn is a wish; a player makes of it what the state allows, so every block is an honest one.
import fc from "fast-check";
import { compareBytes, toHex } from "../../src/base/index.ts";
import {
  doubleBlock,
  doubleRecord,
  evidenceOf,
  paymentsOf,
  type State,
  selectEvidence,
  selectTransactions,
} from "../../src/chain/index.ts";
import type { Block, Contribution, Evidence, RoundRecord, Transaction } from "../../src/codec/index.ts";
import { Recorded } from "../../src/consensus/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import {
  aContribution,
  aKey,
  aRecord,
  aRegistration,
  aStake,
  aTransfer,
  aWorld,
  checkContributionOn,
  doubleOf,
  mineBlock,
  newNonce,
  someRecords,
} from "./chain.ts";

/** The first four begin with money and stake; the others come, go and come back. */
export const people: readonly KeyPair[] = Array.from({ length: 10 }, (_, i) => aKey(`person ${i}`));
export const person = (i: number): KeyPair => people[i % people.length] as KeyPair;
const FEE = 10n;
export const world = aWorld({
  accountFee: `${FEE}`,
  unbonding: 9,
  seasonBlocks: 40,
  tasks: [aRegistration("fake"), aRegistration("second")],
  allocations: people.slice(0, 4).map(({ address }) => ({ address: toHex(address), amount: "5000", stake: "300" })),
});
export const ALLOCATED = 4n * 5300n;
const { rules } = world;

interface Act {
  readonly kind: "pay" | "sweep" | "stake" | "unstake";
  readonly from: number;
  readonly to: number;
  readonly amount: number;
  readonly fee: number;
}
export interface Step {
  readonly miner: number;
  /** Leader's records of each task. */
  readonly records: readonly [number, number];
  /** Of which the winning unit is. */
  readonly task: number;
  /** Whose late units the block that closes takes with it. */
  readonly late: readonly number[];
  readonly acts: readonly Act[];
  /** Of the block time. */
  readonly tenths: number;
  readonly accuse: "nobody" | "miner" | "leader";
}
const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom("pay", "sweep", "stake", "unstake"),
  from: fc.nat(9),
  to: fc.nat(9),
  amount: fc.integer({ min: 1, max: 120 }),
  fee: fc.nat(3),
});
const step: fc.Arbitrary<Step> = fc.record({
  miner: fc.nat(9),
  records: fc.tuple(fc.nat(1), fc.nat(1)),
  task: fc.nat(1),
  late: fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
  acts: fc.array(act, { maxLength: 4 }),
  // One in ten is so late that its target has eased.
  tenths: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 40 }) }, fc.integer({ min: 200, max: 900 })),
  accuse: fc.nat(9).map((n) => (n === 0 ? "miner" : n === 1 ? "leader" : "nobody")),
});
export const steps = (minLength: number, maxLength: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(step, { minLength, maxLength, size: "max" });

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

/** What happened, for the controls. */
export interface Seen {
  readonly kinds: Set<number>;
  readonly offences: Set<number>;
  removed: number;
  cameBack: number;
  unbonded: number;
  punished: number;
  taken: bigint;
  late: number;
  eased: number;
  seasons: number;
  bothTasks: number;
}
export const nothingSeen = (): Seen => ({
  ...{ kinds: new Set<number>(), offences: new Set<number>() },
  ...{ removed: 0, cameBack: 0, unbonded: 0, punished: 0, taken: 0n, late: 0, eased: 0, seasons: 0, bothTasks: 0 },
});

export interface Played {
  readonly block: Block;
  readonly before: State;
  readonly after: State;
}

/** Where a player stands; a second one that begins there plays another branch. */
interface Standing {
  readonly state: State;
  readonly minted: bigint;
  readonly old: readonly Transaction[];
  readonly leader: KeyPair | undefined;
  readonly held: readonly Evidence[];
  readonly gone: ReadonlySet<string>;
}

/** Plays steps, each a block. */
export class Player {
  state: State;
  /** By all blocks so far. */
  minted: bigint;
  /** Every transaction that was in a block. */
  readonly old: Transaction[];
  #leader: KeyPair | undefined;
  #held: Evidence[];
  readonly #gone: Set<string>;
  readonly #seen: Seen;

  constructor(seen: Seen, from?: Standing) {
    this.#seen = seen;
    this.state = from?.state ?? world.state;
    this.minted = from?.minted ?? 0n;
    this.old = [...(from?.old ?? [])];
    this.#leader = from?.leader;
    this.#held = [...(from?.held ?? [])];
    this.#gone = new Set(from?.gone);
  }

  /** One that begins where this one stands. */
  branch(): Player {
    const { state, minted, old } = this;
    return new Player(this.#seen, { state, minted, old, leader: this.#leader, held: this.#held, gone: this.#gone });
  }

  play(wish: Step): Played {
    const before = this.state;
    const free = people.filter(({ address }) => !before.isBanned(address));
    const miner = free[wish.miner % free.length] as KeyPair;
    const leader = this.#leader ?? miner;
    const records = before.height > 0 && free.includes(leader) ? this.#records(leader, miner, wish) : [];
    const task = (rules.tasks[wish.task] as (typeof rules.tasks)[number]).id;
    const { block, state } = mineBlock(before, miner, rules, {
      task,
      records,
      others: this.#late(wish, records, task),
      evidence: selectEvidence({ state: before, task }, this.#held, rules),
      transactions: applicable(before, wish.acts),
      time: before.time + wish.tenths * (rules.blockTimeMs / 10),
    });
    this.minted += paymentsOf(before, block, 0n, rules).minted;
    this.#look(before, state, block);
    this.#held = this.#accuse(wish, before, { block, miner, leader });
    this.#leader = miner;
    this.old.push(...block.body.transactions);
    this.state = state;
    return { block, before, after: state };
  }

  /** The leader's records of both tasks, of units of whoever may be recorded. */
  #records(leader: KeyPair, author: KeyPair, { records }: Step): RoundRecord[] {
    const { state } = this;
    const ids = rules.tasks.map(({ id }, i) => ({ id, count: records[i] ?? 0 }));
    ids.sort((a, b) => compareBytes(a.id, b.id));
    return ids.flatMap(({ id, count }) => {
      const units = aContribution(state, author, { task: id }, rules);
      const recordable = checkContributionOn(state, units, rules).kind === "accept";
      return recordable ? someRecords(state, leader, [author], count, rules, id) : [];
    });
  }

  /** Units that some ran on the block before the tip and nobody recorded yet. */
  #late({ late }: Step, records: readonly RoundRecord[], task: Uint8Array): Contribution[] {
    const { state } = this;
    const before = state.recentBlock(state.height - 1);
    if (before === undefined || records.length > 0) return [];
    const counted = new Recorded(state, rules);
    return late.map(person).flatMap((author) => {
      const fresh = aContribution(state, author, { task, index: 900 }, rules);
      const fits = checkContributionOn(state, fresh, rules).kind === "accept" && counted.take(fresh).kind === "accept";
      return fits ? [fresh] : [];
    });
  }

  /** Evidence for the next block: of the miner's second block, or of a second record of its leader. */
  #accuse({ accuse }: Step, on: State, made: { block: Block; miner: KeyPair; leader: KeyPair }): Evidence[] {
    const { block, miner, leader } = made;
    if (accuse === "miner") return [evidenceOf(doubleBlock, { a: block.header, b: doubleOf(block, miner, rules) })];
    const [record] = block.body.records;
    if (accuse === "nobody" || record === undefined) return [];
    const [unit] = record.contributions as [Contribution];
    const other = aRecord(on, leader, { task: record.task, contributions: [unit] }, rules, { nextDigest: unit.digest });
    return [evidenceOf(doubleRecord, { a: record, b: other })];
  }

  #look(before: State, after: State, { header, body }: Block): void {
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
    for (const { kind } of body.transactions) seen.kinds.add(kind);
    for (const { kind } of body.evidence) seen.offences.add(kind);
    if (before.unbonding().length > after.unbonding().length) seen.unbonded++;
    seen.punished += body.evidence.length;
    if (body.evidence.length > 0) seen.taken += after.burnt - before.burnt;
    if (body.closing.contributions.length > 1) seen.late++;
    if (compareBytes(header.target, before.target) !== 0) seen.eased++;
    if (after.height % rules.seasonBlocks === 0) seen.seasons++;
    if (new Set(body.records.map(({ task }) => toHex(task))).size > 1) seen.bothTasks++;
  }
}
