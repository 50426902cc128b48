// What an offence costs, to the last unit of money: stake, withdrawals and immature rewards; and keys that have nothing to lose.
import { describe, expect, it } from "vitest";
import { finish, toHex } from "../../../src/base/index.ts";
import type { Offence } from "../../../src/chain/evidence/kind.ts";
import { punishAll } from "../../../src/chain/evidence/punish.ts";
import { doubleBlock, evidenceOf, type State, selectEvidence } from "../../../src/chain/index.ts";
import { NOBODY, type Reward, StateType } from "../../../src/chain/state/state-type.ts";
import { WorkingState } from "../../../src/chain/state/working-state.ts";
import type { Evidence } from "../../../src/codec/index.ts";
import { draftBlock } from "../../../src/consensus/index.ts";
import type { KeyPair } from "../../../src/crypto/index.ts";
import {
  aKey,
  alice,
  aStake,
  aTransfer,
  aWorld,
  bob,
  carol,
  doubleOf,
  LONE,
  mineBlock,
  onTask,
  winningParts,
} from "../../support/chain.ts";

const allocations = [alice, bob].map(({ address }) => ({ address: toHex(address), amount: "1000", stake: "700" }));
const { rules, state } = aWorld({ allocations });
const offence = (name: string, offender: KeyPair): Offence => ({
  kind: "offence",
  id: aKey(name).address as unknown as Offence["id"],
  offender: offender.address,
  height: 1,
});
const reward = (to: KeyPair, amount: bigint, author: Uint8Array = NOBODY): Reward => ({
  address: to.address,
  author,
  amount,
});
/** As a block on `on` does: its rewards are found by the height of the tip. */
function workOn(on: State, rewards: readonly Reward[]): WorkingState {
  const working = new WorkingState(on);
  finish(working.ripen());
  working.view.tip = StateType.fields.tip.toViewDU({ ...on.tip, height: on.height + 1 });
  working.view.supply += rewards.reduce((sum, { amount }) => sum + amount, 0n);
  working.earn(rewards);
  return working;
}
/** The state after a block that pays `rewards` and punishes `offences`; the winner is carol. */
function punished(on: State, rewards: readonly Reward[], offences: readonly Offence[]): State | object {
  const working = workOn(on, rewards);
  return finish(punishAll(working, offences, carol.address, rules)) ?? working.finish(0n);
}
const amounts = (of: State, key: KeyPair): bigint[] => of.immature(key.address).map(({ amount }) => amount);
/** Everything that there is, by place. */
const total = (of: State): bigint =>
  [
    ...of.accounts().flatMap(({ balance, stake }) => [balance, stake]),
    ...of.immature().map(({ amount }) => amount),
    ...of.unbonding().map(({ amount }) => amount),
  ].reduce((sum, amount) => sum + amount, 0n);

/** Two headers of one win of `key` at the height after `on`; no chain carries them. */
const doubled = (on: State, key: KeyPair): Evidence => {
  const { block } = mineBlock(on, key, rules);
  return evidenceOf(doubleBlock, { a: block.header, b: doubleOf(block, key, rules) });
};

describe("an offender", () => {
  it("loses stake, withdrawals and immature rewards, a tenth of which the winner gets", () => {
    const asked = mineBlock(state, bob, rules, { transactions: [aStake(state, alice, "unstake", 200n)] }).state;
    const before = mineBlock(asked, alice, rules).state;
    expect([before.collateralOf(alice.address), amounts(before, alice)]).toEqual([800n, [470n]]);
    const evidence = [doubled(before, alice)];
    const after = mineBlock(before, carol, rules, { evidence }).state;
    expect(after.account(alice.address)).toMatchObject({ balance: 999n, stake: 0n, nonce: 1n });
    expect([after.immature(alice.address), after.unbonding()]).toEqual([[], []]);
    // 500 at stake and 300 for winning, 200 on the way, 470 earned: 147 of 1470.
    expect(amounts(after, carol)).toEqual([470n, 147n]);
    expect([after.burnt, after.supply]).toEqual([1323n, 3400n + 3n * LONE.minted - 1323n]);
    expect(total(after)).toBe(after.supply);
    // Others keep what is theirs.
    expect(after.account(bob.address)).toMatchObject({ balance: 1000n, stake: 1000n });
    expect(amounts(after, bob)).toEqual([470n, 1n]);
  });

  it("loses this block's pay and what it withdraws in this very block", () => {
    const transactions = [
      aStake(state, alice, "unstake", 700n),
      aTransfer(state, alice, bob.address, 9n, { nonce: 1n }),
    ];
    const after = mineBlock(state, carol, rules, { transactions, evidence: [doubled(state, alice)] }).state;
    expect(after.unbonding()).toEqual([]);
    expect(amounts(after, carol)).toEqual([470n, 2n, 70n]);
    expect([after.account(alice.address).stake, after.burnt]).toEqual([0n, 630n]);
    const now = punished(state, [reward(alice, 35n)], [offence("a", alice)]) as State;
    expect([amounts(now, alice), amounts(now, carol), now.burnt]).toEqual([[], [73n], 662n]);
  });

  it("gets no tenth for showing its own offence", () => {
    const after = mineBlock(state, alice, rules, { evidence: [doubled(state, alice)] }).state;
    expect([amounts(after, alice), after.account(alice.address).stake, after.burnt]).toEqual([[], 0n, 1470n]);
  });

  it("voids what leaders were to get for its contributions, which nobody gets a part of", () => {
    const rewards = [reward(alice, 50n), reward(bob, 20n, alice.address), reward(bob, 30n, carol.address)];
    const after = punished(state, rewards, [offence("a", alice)]) as State;
    expect(amounts(after, bob)).toEqual([30n]);
    // A tenth of alice's 750; bob's 20 are burnt whole.
    expect([amounts(after, carol), after.burnt]).toEqual([[75n], 675n + 20n]);
    expect(total(after)).toBe(after.supply);
    // The control: an offence of carol's voids the other.
    const other = punished(state, rewards, [offence("a", carol)]) as State;
    expect([amounts(other, bob), other.burnt]).toEqual([[20n], 30n]);
  });

  it("is punished once for one block's pair of offences: what it had is gone by the second", () => {
    const two = [offence("a", alice), offence("b", alice)];
    expect(punished(state, [], two)).toMatchObject({ kind: "reject", code: "nothing-to-lose" });
    const others = punished(state, [], [offence("a", alice), offence("b", bob)]) as State;
    expect(amounts(others, carol)).toEqual([70n, 70n]);
    expect([alice, bob, carol].map((key) => others.isBanned(key.address))).toEqual([true, true, false]);
  });

  it("whose account is left below the fee is removed, and so is a leader's whose pay is void", () => {
    const poor = aWorld({
      accountFee: "10",
      allocations: [
        { address: toHex(alice.address), amount: "3", stake: "70" },
        { address: toHex(bob.address), amount: "4" },
      ],
    });
    const working = workOn(poor.state, [reward(bob, 20n, alice.address)]);
    expect(finish(punishAll(working, [offence("a", alice)], carol.address, poor.rules))).toBeUndefined();
    const after = working.finish(10n);
    expect([after.accountCount, after.burnt]).toEqual([0, 63n + 20n + 3n + 4n]);
    expect([total(after), after.supply]).toEqual([7n, 7n]);
  });
});

describe("a key that has nothing to lose", () => {
  const stranger = aKey("stranger");
  const evidence = [doubled(state, stranger)];

  it("is not punished: keys are made up at no cost", () => {
    const parts = winningParts(state, carol, { evidence }, rules);
    expect(draftBlock(state, parts, rules)).toMatchObject({ kind: "reject", code: "nothing-to-lose" });
    expect(selectEvidence(onTask(state, rules), evidence, rules)).toEqual([]);
    // A balance cannot be taken, so it is nothing to lose.
    const rich = mineBlock(state, carol, rules, {
      transactions: [aTransfer(state, alice, stranger.address, 99n)],
    }).state;
    expect(selectEvidence(onTask(rich, rules), evidence, rules)).toEqual([]);
  });

  it.each([
    ["a stake", "0", (on: State) => [aStake(on, alice, "stake", 1n)], carol],
    ["a withdrawal", "1", (on: State) => [aStake(on, alice, "unstake", 1n)], carol],
    ["an immature reward", "0", () => [], alice],
  ])("is another as soon as it has %s", (_what, atStake, give, miner) => {
    const one = aWorld({ allocations: [{ address: toHex(alice.address), amount: "1000", stake: atStake }] });
    const on = mineBlock(one.state, miner, one.rules, { transactions: give(one.state) }).state;
    const { block } = mineBlock(on, alice, one.rules);
    const shown = [evidenceOf(doubleBlock, { a: block.header, b: doubleOf(block, alice, one.rules) })];
    expect(selectEvidence(onTask(on, one.rules), shown, one.rules)).toEqual(shown);
    expect(mineBlock(on, carol, one.rules, { evidence: shown }).state.isBanned(alice.address)).toBe(true);
  });

  it("is one whose last withdrawal ripens in the next block", () => {
    let at = mineBlock(state, stranger, rules).state;
    at = mineBlock(at, carol, rules, { transactions: [aStake(at, stranger, "unstake", 300n, { fee: 0n })] }).state;
    while (at.height < 1 + rules.unbonding) at = mineBlock(at, carol, rules).state;
    expect(at.unbonding(stranger.address).map(({ amount }) => amount)).toEqual([300n]);
    expect([amounts(at, stranger), at.collateralOf(stranger.address)]).toEqual([[], 0n]);
    const late = [doubled(at, stranger)];
    expect(selectEvidence(onTask(at, rules), late, rules)).toEqual([]);
    expect(draftBlock(at, winningParts(at, carol, { evidence: late }, rules), rules)).toMatchObject({
      code: "nothing-to-lose",
    });
  });
});

describe("of what a node holds", () => {
  it("the next block carries one offence of a key, since the first takes all", () => {
    const [first, second] = [doubled(state, alice), doubled(mineBlock(state, bob, rules).state, alice)];
    const at = mineBlock(state, bob, rules).state;
    const chosen = selectEvidence(onTask(at, rules), [first, second, doubled(at, bob)], rules);
    expect(chosen).toHaveLength(2);
    expect(draftBlock(at, winningParts(at, carol, { evidence: chosen }, rules), rules)).toMatchObject({
      kind: "draft",
    });
    expect(draftBlock(at, winningParts(at, carol, { evidence: [first, second] }, rules), rules)).toMatchObject({
      code: "nothing-to-lose",
    });
  });

  it("is shown for as long as the rules say, whatever the maturity", () => {
    const long = aWorld({ allocations, maturity: 9, evidenceBlocks: 6 });
    const { block, state: won } = mineBlock(long.state, alice, long.rules);
    const shown = [evidenceOf(doubleBlock, { a: block.header, b: doubleOf(block, alice, long.rules) })];
    let at = won;
    const sent: (string | undefined)[] = [];
    while (at.height < 8) {
      const draft = draftBlock(at, winningParts(at, carol, { evidence: shown }, long.rules), long.rules);
      sent.push(draft.kind === "draft" ? undefined : draft.code);
      at = mineBlock(at, carol, long.rules).state;
    }
    expect(sent).toEqual([...Array(5).fill(undefined), "evidence-expired", "evidence-expired"]);
  });
});
