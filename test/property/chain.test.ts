// Laws of the chain under random honest histories: money is conserved, encodings round-trip, nothing is changed behind one's back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesEqual, compareBytes, fromBigInt, toBigInt, toHex } from "../../src/base/index.ts";
import { doubleBlock, evidenceOf, heldIn, nextTarget, paymentsOf, type State, workOf } from "../../src/chain/index.ts";
import { Block, Header, type Transaction } from "../../src/codec/index.ts";
import { type ChainTip, checkBlock, compareChains } from "../../src/consensus/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import type { Task } from "../../src/work/index.ts";
import { aKey, aRegistration, aTransfer, aWorld, doubleOf, mineBlock, STAKES, someRecords } from "../support/chain.ts";
import { decodeState, encodeState } from "../support/state-bytes.ts";

const people = ["alice", "bob", "carol", "dave"].map(aKey);
const person = (i: number): KeyPair => people[i % people.length] as KeyPair;

interface Step {
  readonly miner: number;
  readonly authors: readonly number[];
  readonly records: number;
  /** Records of the second task. */
  readonly others: number;
  readonly pays: readonly {
    readonly from: number;
    readonly to: number;
    readonly amount: number;
    readonly fee: number;
  }[];
  readonly seconds: number;
  readonly accuse: boolean;
}
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    miner: fc.nat(3),
    authors: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
    records: fc.nat(2),
    others: fc.nat(2),
    pays: fc.array(
      fc.record({ from: fc.nat(3), to: fc.nat(5), amount: fc.integer({ min: 1, max: 900 }), fee: fc.nat(20) }),
      { maxLength: 3 },
    ),
    seconds: fc.integer({ min: 1, max: 4000 }),
    accuse: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

/** The transactions of `pays` that apply one after the other on `state`. */
function payable(state: State, pays: Step["pays"]): Transaction[] {
  const transactions: Transaction[] = [];
  const spent = new Map<KeyPair, { amount: bigint; count: bigint }>();
  for (const { from, to, amount, fee } of pays) {
    const key = person(from);
    const account = state.account(key.address);
    const so = spent.get(key) ?? { amount: 0n, count: 0n };
    const cost = BigInt(amount + fee);
    if (account.balance < so.amount + cost) continue;
    const target = to < people.length ? person(to).address : aKey(`new ${to} ${state.height}`).address;
    transactions.push(
      aTransfer(state, key, target, BigInt(amount), { fee: BigInt(fee), nonce: account.nonce + so.count }),
    );
    spent.set(key, { amount: so.amount + cost, count: so.count + 1n });
  }
  return transactions;
}

/** Two tasks, so that every law holds for blocks with records of both. */
const twoTasks = { ...STAKES, tasks: [aRegistration("fake"), aRegistration("second")] };

/** Plays the steps honestly, but for accused miners, who sign one win twice. */
function play(history: readonly Step[]): { states: State[]; blocks: Block[]; bans: number } {
  const { state: start, rules } = aWorld(twoTasks);
  const states = [start];
  const blocks: Block[] = [];
  let bans = 0;
  for (const step of history) {
    const state = states.at(-1) as State;
    const free = people.filter((key) => !state.isBanned(key.address));
    const miner = free[step.miner % free.length];
    if (miner === undefined) break;
    const leader = people.find((key) => state.height > 0 && compareBytes(key.address, state.tip.miner) === 0) ?? miner;
    const recordable = (key: KeyPair): boolean => state.collateralOf(key.address) >= rules.minCollateral;
    const authors = step.authors.map(person).filter((key) => free.includes(key) && recordable(key));
    const leads = state.height > 0 && free.includes(leader) && authors.length > 0;
    const records = rules.tasks
      .map(({ id }, i) => ({ id, count: i === 0 ? step.records : step.others }))
      .sort((a, b) => compareBytes(a.id, b.id))
      .flatMap(({ id, count }) => (leads ? someRecords(state, leader, authors, count, rules, id) : []));
    const last = blocks.at(-1);
    const evidence =
      step.accuse && last !== undefined && state.punished.length === 0
        ? [evidenceOf(doubleBlock, { a: last.header, b: doubleOf(last, leader, rules) })]
        : [];
    bans += evidence.length;
    const mined = mineBlock(state, miner, rules, {
      records,
      task: (rules.tasks[step.miner % 2] as Task).id,
      transactions: payable(state, step.pays),
      time: state.time + step.seconds,
      evidence,
    });
    states.push(mined.state);
    blocks.push(mined.block);
  }
  return { states, blocks, bans };
}

describe("random honest histories", () => {
  const { rules } = aWorld(twoTasks);

  it("keep every coin in one place, and make none but the subsidies", () => {
    let burnt = 0n;
    fc.assert(
      fc.property(steps, (history) => {
        const { states, blocks } = play(history);
        let made = heldIn(states[0] as State);
        for (const [i, state] of states.entries()) {
          const block = blocks[i - 1];
          if (block !== undefined) made += paymentsOf(states[i - 1] as State, block, 0n, rules).minted;
          expect(heldIn(state)).toBe(state.supply);
          expect(state.supply).toBe(made - state.burnt);
          burnt += state.burnt;
        }
      }),
      { numRuns: 40 },
    );
    // The control: some history did burn, so the law was tried with burning too.
    expect(burnt).toBeGreaterThan(0n);
  });

  it("move each task by its own records", () => {
    let both = 0;
    fc.assert(
      fc.property(steps, (history) => {
        const { states, blocks } = play(history);
        for (const [i, { header, body }] of blocks.entries()) {
          // The winner's task goes one round further, by the closing record.
          const counts = rules.tasks.map(
            ({ id }) =>
              body.records.filter(({ task }) => bytesEqual(task, id)).length + Number(bytesEqual(header.task, id)),
          );
          const moved = rules.tasks.map(
            ({ id }) => (states[i + 1]?.task(id)?.round as number) - (states[i]?.task(id)?.round as number),
          );
          expect(moved).toEqual(counts);
          if (counts.every((count) => count > 1)) both++;
        }
      }),
      { numRuns: 15 },
    );
    expect(both).toBeGreaterThan(0);
  });

  it("are accepted block by block, and come back whole from their bytes", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const { states, blocks } = play(history);
        for (const [i, block] of blocks.entries()) {
          const bytes = Block.codec.encode(block);
          const back = Block.codec.decode(bytes);
          expect(Header.id(back.header)).toEqual(Header.id(block.header));
          expect(Block.codec.encode(back)).toEqual(bytes);
          const result = checkBlock(states[i] as State, back, { now: block.header.time }, rules);
          expect(result.kind === "state" && result.state.tipId).toEqual(states[i + 1]?.tipId);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("leave every earlier state as it was", () => {
    fc.assert(
      fc.property(steps, steps, (history, more) => {
        const seen: { state: State; bytes: string; root: string }[] = [];
        for (const branch of [history, more])
          for (const state of play(branch).states)
            seen.push({ state, bytes: toHex(encodeState(state)), root: toHex(state.root) });
        for (const { state, bytes, root } of seen) {
          expect(toHex(encodeState(state))).toBe(bytes);
          expect(toHex(decodeState(encodeState(state)).root)).toBe(root);
        }
      }),
      { numRuns: 10 },
    );
  });
});

describe("fork choice", () => {
  // Few works, so that ties are common; no two tips are heard at once.
  const tips: fc.Arbitrary<ChainTip[]> = fc.uniqueArray(fc.record({ work: fc.bigInt(0n, 3n), heard: fc.nat(1000) }), {
    minLength: 1,
    maxLength: 8,
    selector: ({ heard }) => heard,
  });
  const best = (all: readonly ChainTip[]): ChainTip => all.reduce((a, b) => (compareChains(b, a) > 0 ? b : a));

  it("ends at the same tip in whatever order the tips are compared", () => {
    fc.assert(
      fc.property(
        tips.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          expect(best(shuffled)).toBe(best(all));
        },
      ),
    );
  });

  it("prefers more work, whatever was heard first", () => {
    fc.assert(
      fc.property(tips, (all) => {
        for (const a of all)
          for (const b of all) {
            expect(Math.sign(compareChains(a, b))).toBe(-Math.sign(compareChains(b, a)) + 0);
            if (a.work > b.work) expect(compareChains(a, b)).toBeGreaterThan(0);
          }
      }),
    );
  });
});

describe("the retarget", () => {
  it("moves by at most a 1/W down and 5/W up, and follows the solve time's direction", () => {
    const window = fc.integer({ min: 2, max: 100 });
    fc.assert(
      fc.property(
        fc.bigInt(1n, 2n ** 256n - 1n),
        fc.integer({ min: -1_000_000, max: 10_000_000 }),
        window,
        (target, solve, retargetWindow) => {
          const rules = { blockTimeMs: 4000, retargetWindow };
          const next = toBigInt(nextTarget(fromBigInt(target, 32), solve, rules));
          const w = BigInt(retargetWindow);
          expect(next).toBeGreaterThanOrEqual(1n);
          expect(next).toBeLessThan(2n ** 256n);
          expect(next * w).toBeLessThanOrEqual(target * (w + 5n));
          expect((next + 1n) * w).toBeGreaterThan(target * (w - 1n));
          if (solve >= 4000 && next < 2n ** 256n - 1n) expect(next).toBeGreaterThanOrEqual(target);
          if (solve <= 4000 && target > 1n) expect(next).toBeLessThanOrEqual(target);
        },
      ),
    );
  });

  it("makes a harder target worth more", () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 256n - 1n), fc.bigInt(1n, 2n ** 256n - 1n), (a, b) => {
        const [hard, easy] = a < b ? [a, b] : [b, a];
        expect(workOf(fromBigInt(hard, 32))).toBeGreaterThanOrEqual(workOf(fromBigInt(easy, 32)));
      }),
    );
  });
});
