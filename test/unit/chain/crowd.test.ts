// A state in which thousands earn, wait and are banned: what one key has there is found without a look at the others', and nothing is done in one go.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesEqual, finish, type Piece, type Steps, toBigInt, u32be } from "../../../src/base/index.ts";
import { drawAudits } from "../../../src/chain/audits/draw.ts";
import { lossOf } from "../../../src/chain/evidence/loss.ts";
import { applySteps, atRisk, type State } from "../../../src/chain/index.ts";
import { stateOf } from "../../../src/chain/state/state.ts";
import { type Reward, StateType, type StateValue } from "../../../src/chain/state/state-type.ts";
import { WorkingState } from "../../../src/chain/state/working-state.ts";
import { sha256, taggedHash } from "../../../src/crypto/index.ts";
import { TURN } from "../../../src/engine/turns.ts";
import { recording } from "../../support/audits.ts";
import { alice, aWorld, bob, carol, mineBlock, mineChain, STAKES } from "../../support/chain.ts";
import { crowded } from "../../support/state-bytes.ts";

const world = aWorld(STAKES);
const { rules } = world;
const tip = mineChain(world, 6).states.at(-1) as State;
const stranger = (i: number): Uint8Array => sha256(u32be(i));
const plainOf = (state: State): StateValue => StateType.getViewDU(state.node).toValue() as StateValue;

/** What the work yields, and its pieces. */
function pieces<R>(steps: Steps<R>): { readonly value: R; readonly weights: number[] } {
  const all: Piece[] = [];
  for (;;) {
    const next = steps.next();
    if (next.done === true) return { value: next.value, weights: all.filter((piece) => typeof piece === "number") };
    all.push(next.value);
  }
}

describe("a block on which 3,000 rewards mature", () => {
  // The slot that the next block empties.
  const value = plainOf(tip);
  const ripe = (tip.height + 1) % value.immature.length;
  const full = Array.from({ length: 3000 }, (_, i) => ({ address: stranger(i), author: stranger(i), amount: 1n }));
  const state = stateOf({ ...value, immature: value.immature.map((slot, at) => (at === ripe ? full : slot)) });

  it("pays them out in pieces, none of them more than half a turn", () => {
    const { block } = mineBlock(state, carol, rules);
    const { weights } = pieces(applySteps(state, block, rules));
    // A piece for each that is paid, and one for each account that is written.
    expect(weights.length).toBeGreaterThan(2 * 3000);
    expect(Math.max(...weights)).toBeLessThanOrEqual(TURN / 2);
  });
});

describe("what a key has waiting among 3,000 others", () => {
  const state = crowded(tip, 5000, 3000);

  it("is found where it is, and only that", () => {
    const all = state.immature();
    expect(all.length).toBeGreaterThan(3000);
    for (const key of [alice.address, carol.address, stranger(0), stranger(2999), stranger(5000)])
      expect(state.immature(key)).toEqual(all.filter(({ address }) => bytesEqual(address, key)));
    expect(state.rewardsNaming(stranger(1)).map(({ address }) => address)).toEqual([stranger(0), stranger(1)]);
  });

  it("is taken from its own slots, in pieces; what it is not named in stays as it was, and what stays keeps its hashes", () => {
    const slots = (of: State | WorkingState): object[] => {
      const view = of instanceof WorkingState ? of.view : StateType.getViewDU(of.node);
      return Array.from({ length: view.immature.length }, (_, at) => view.immature.getReadonly(at).node);
    };
    void state.root;
    const working = new WorkingState(state);
    const { value, weights } = pieces(working.strip(stranger(7)));
    expect(value).toEqual({ taken: 1n, voided: 1n });
    expect(weights).toEqual([3000 / 64]);
    const changed = slots(working).map((node, at) => node !== slots(state)[at]);
    expect(changed).toEqual(changed.map((_, at) => at === 2));
    const after = working.finish(0n);
    expect(after.immature()).toEqual(
      state.immature().filter(({ address, author }) => ![address, author].some((one) => bytesEqual(one, stranger(7)))),
    );
    const entries = (of: State): object[] => {
      const slot = StateType.getViewDU(of.node).immature.getReadonly(2);
      return [0, 1, 2999 - 2].map((at) => slot.getReadonly(at).node);
    };
    const slot = StateType.getViewDU(state.node).immature.getReadonly(2);
    expect(entries(after).map((node, i) => node === slot.getReadonly(i === 2 ? 2999 : i).node)).toEqual([
      true,
      true,
      true,
    ]);
    expect(after.root).toEqual(stateOf(plainOf(after)).root);
  });

  it("leaves an account that is dust alone, as it leaves one alone whose withdrawal waits", () => {
    const fee = aWorld({ ...STAKES, accountFee: "10" });
    const dusty = crowded(mineChain(fee, 6).states.at(-1) as State, 10, 3);
    const working = new WorkingState(dusty);
    for (const i of [0, 2, 3, 4]) working.spend(stranger(i), 995n);
    const after = working.finish(10n);
    expect([0, 2, 3, 4].map((i) => after.hasAccount(stranger(i)))).toEqual([true, true, false, false]);
  });
});

describe("what offences would cost", () => {
  const names = [alice, bob, carol].map(({ address }) => address);
  const name = fc.constantFrom(...names, stranger(0));
  const reward = fc.record({ slot: fc.nat(4), address: name, author: name, amount: fc.bigInt(1n, 9n) });
  /** Of blocks that have been: the state is at height 6. */
  const withdrawal = fc.record({ slot: fc.nat(6), address: name, amount: fc.bigInt(1n, 9n) });

  it("is what they take, one after the other, of whom and in what order soever", () => {
    fc.assert(
      fc.property(
        fc.array(reward, { maxLength: 20 }),
        fc.array(withdrawal, { maxLength: 8 }),
        fc.array(name, { minLength: 1, maxLength: 5 }),
        (rewards, withdrawals, offenders) => {
          const value = plainOf(tip);
          const of = <E extends { readonly slot: number }>(all: readonly E[], at: number): E[] =>
            all.filter(({ slot }) => slot === at);
          const state = stateOf({
            ...value,
            immature: value.immature.map((_, at) => of(rewards, at) as Reward[]),
            unbonding: value.unbonding.map((_, at) => of(withdrawals, at)),
          });
          const working = new WorkingState(state);
          finish(working.ripen());
          const punished = new Set<string>();
          for (const offender of offenders) {
            const told = lossOf(state, offender, punished);
            if (punished.size === 0) expect(atRisk(state, offender)).toBe(told.taken);
            expect(finish(working.strip(offender))).toEqual(told);
            punished.add(Buffer.from(offender).toString("hex"));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("bans", () => {
  it("of thousands end one by one, and one more costs none of the others", () => {
    const value = plainOf(tip);
    const banned = Array.from({ length: 3000 }, (_, i) => ({
      address: stranger(i),
      until: tip.height + (i % 100 === 0 ? 1 : 5),
    }));
    const state = stateOf({ ...value, banned });
    void state.root;
    expect(state.isBanned(stranger(100))).toBe(true);
    const working = new WorkingState(state);
    working.ban(stranger(5000), tip.height + 9);
    working.ban(stranger(1), tip.height + 9);
    working.view.tip = StateType.fields.tip.toViewDU({ ...state.tip, height: tip.height + 1 });
    const after = working.finish(0n);
    const until = (i: number): number | undefined => after.banOf(stranger(i))?.until;
    expect([until(5000), until(1), until(0), until(100)]).toEqual([
      tip.height + 9,
      tip.height + 9,
      undefined,
      undefined,
    ]);
    for (let i = 2; i < 3000; i += 7) if (i % 100 !== 0) expect(until(i)).toBe(tip.height + 5);
    expect(plainOf(after).banned).toHaveLength(3000 - 30 + 1);
    // 32 places change; a list made anew would be some twelve thousand hashes.
    expect(pieces(after.rootSteps()).weights.length).toBeLessThan(100);
  });
});

describe("the draw of attesters", () => {
  /** Stakes laid end to end, those that are out left out, as section 5 of the protocol says it. */
  function plainly(state: State, beacon: Uint8Array, audits: readonly Uint8Array[], count: number): Uint8Array[][] {
    return audits.map((audit) => {
      const left = state.stakers.filter(({ stake }) => stake >= rules.minCollateral);
      return Array.from({ length: Math.min(count, left.length) }, (_, j) => {
        let rest =
          toBigInt(taggedHash("attester", beacon, audit, u32be(j))) % left.reduce((sum, { stake }) => sum + stake, 0n);
        const at = left.findIndex(({ stake }) => {
          rest -= stake;
          return rest < 0n;
        });
        return (left.splice(at, 1)[0] as (typeof left)[number]).address;
      });
    });
  }

  it("is as if their stakes lay end to end, without those that were drawn before", () => {
    const allocations = Array.from({ length: 12 }, (_, i) => ({
      address: Buffer.from(stranger(i)).toString("hex"),
      amount: "0",
      stake: `${3 + 5 * i}`,
    }));
    const many = aWorld({ allocations, auditOneIn: 1, attesters: 3 });
    const state = recording(mineBlock(many.state, carol, many.rules).state, 200, stranger(99));
    for (const word of ["one", "two", "three"]) {
      const beacon = taggedHash(word);
      const seats = drawAudits(state, beacon, many.rules);
      const audits = [...new Map(seats.map(({ audit }) => [Buffer.from(audit).toString("hex"), audit])).values()];
      const drawn = audits.map((audit) =>
        seats.filter((seat) => bytesEqual(seat.audit, audit)).map(({ attester }) => attester),
      );
      expect(audits).toHaveLength(200);
      expect(drawn).toEqual(
        audits.map((audit, i) => plainly(state, beacon, [audit], (drawn[i] as Uint8Array[]).length)[0]),
      );
    }
  });
});
