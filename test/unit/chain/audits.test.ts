// Attesters' words in blocks: when each may be given, what it must be, what it is paid, and what takes the pay again.
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import {
  attesterPay,
  carriedPay,
  commitWindow,
  evidenceOf,
  forgedUnit,
  heldIn,
  paymentsOf,
  revealWindow,
  type State,
  selectWords,
} from "../../../src/chain/index.ts";
import type { AuditCommit, AuditReveal, Contribution } from "../../../src/codec/index.ts";
import { checkBlock, draftBlock } from "../../../src/consensus/index.ts";
import type { KeyPair } from "../../../src/crypto/index.ts";
import { noncesPerUnit } from "../../../src/work/index.ts";
import {
  aForgery,
  allAudited,
  keyOf,
  madeUpTrace,
  mineTo,
  opened,
  rightWord,
  sealed,
  seatIn,
  type Word,
} from "../../support/audits.ts";
import {
  aContribution,
  aKey,
  alice,
  aStake,
  type BlockPlan,
  bob,
  carol,
  forgeBody,
  mineBlock,
  STAKES,
  taskIn,
  winningParts,
} from "../../support/chain.ts";
import { decodeState, encodeState } from "../../support/state-bytes.ts";

/** Windows of two blocks: commits in blocks 3 and 4, reveals in 5 and 6. */
const { rules, state: genesis } = allAudited({ auditBlocks: 2, evidenceBlocks: 7, maturity: 12, banBlocks: 40 });
const dave = aKey("dave");

interface Audit {
  readonly contribution: Contribution;
  /** After block 2, which drew the attester. */
  readonly state: State;
  readonly attester: KeyPair;
  readonly say: (word: Word) => { readonly reveal: AuditReveal; readonly commit: AuditCommit };
  readonly reveal: AuditReveal;
  readonly commit: AuditCommit;
}
/** Block 1, dave's, records a contribution of bob. */
function auditOf(contribution: Contribution): Audit {
  const state = mineTo(mineBlock(genesis, dave, rules, { others: [contribution] }).state, 2, dave, rules);
  const seat = seatIn(state, 1);
  const attester = keyOf([alice, carol, dave], seat.attester);
  const say = (word: Word) => {
    const reveal = opened({ ...seat, height: 1 }, word);
    return { reveal, commit: sealed(reveal, attester, rules) };
  };
  return { contribution, state, attester, say, ...say(rightWord(genesis, contribution)) };
}
const fair = auditOf(aContribution(genesis, bob, {}, rules));
const foul = auditOf(aForgery(genesis, bob, rules));

const next = (on: State, plan: BlockPlan = {}): State => mineBlock(on, dave, rules, plan).state;
const verdictOn = (on: State, plan: BlockPlan): string => {
  const draft = draftBlock(on, winningParts(on, dave, plan, rules), rules);
  return draft.kind === "draft" ? "draft" : draft.code;
};
const committed = next(fair.state, { commits: [fair.commit] });
const atReveal = mineTo(committed, 4, dave, rules);
const amounts = (of: State, key: KeyPair, author: KeyPair, height: number): bigint[] =>
  of
    .immature(key.address)
    .filter((reward) => reward.height === height && toHex(reward.author) === toHex(author.address))
    .map(({ amount }) => amount);

describe("windows", () => {
  it("follow each other: first all seal, then all open", () => {
    for (const auditBlocks of [1, 2, 5]) {
      const [seal, open] = [commitWindow(10, { auditBlocks }), revealWindow(10, { auditBlocks })];
      expect([seal.from, open.from, open.to]).toEqual([12, seal.to + 1, 11 + 2 * auditBlocks]);
    }
    expect([commitWindow(1, { auditBlocks: 5 }), revealWindow(1, { auditBlocks: 5 })]).toEqual([
      { from: 3, to: 7 },
      { from: 8, to: 12 },
    ]);
  });

  it("are kept: commits in blocks h+2 to h+1+w, reveals in h+2+w to h+1+2w", () => {
    const sealing = [1, 2, 3, 4, 5, 6].map((height) => {
      const on = height < 2 ? mineTo(genesis, height, dave, rules) : mineTo(fair.state, height, dave, rules);
      return verdictOn(on, { commits: [fair.commit] });
    });
    // In blocks 2 to 7.
    expect(sealing).toEqual(["not-now", "draft", "draft", "not-now", "not-now", "not-now"]);
    const opening = [3, 4, 5, 6].map((height) =>
      verdictOn(mineTo(committed, height, dave, rules), { reveals: [fair.reveal] }),
    );
    // In blocks 4 to 7.
    expect(opening).toEqual(["not-now", "draft", "draft", "not-now"]);
  });

  it("refuse a height that nothing was recorded at, or that wraps", () => {
    for (const height of [0, 2, 0xffffffff]) {
      const off = { ...fair.reveal, height };
      expect(verdictOn(fair.state, { commits: [sealed(off, fair.attester, rules)] })).toMatch(/not-now|no-seat/);
      expect(verdictOn(atReveal, { reveals: [off] })).toMatch(/not-now|no-seat/);
    }
  });
});

describe("a commit", () => {
  const commits = (...list: AuditCommit[]): string => verdictOn(fair.state, { commits: list });

  it("is taken once of each seat, in one block or two", () => {
    const other = fair.say({ outcome: "valid", trace: madeUpTrace("other") }).commit;
    expect([commits(fair.commit), commits(fair.commit, fair.commit), commits(fair.commit, other)]).toEqual([
      "draft",
      "already-committed",
      "already-committed",
    ]);
    expect(verdictOn(committed, { commits: [other] })).toBe("already-committed");
  });

  it("is the attester's own, of its seat", () => {
    for (const key of [bob, dave, aKey("nobody")])
      expect(commits(sealed({ ...fair.reveal, attester: key.address }, key, rules))).toBe("no-seat");
    expect(commits(sealed({ ...fair.reveal, audit: bob.address }, fair.attester, rules))).toBe("no-seat");
    expect(commits(sealed(fair.reveal, bob, rules))).toBe("bad-signature");
    const abroad = { ...rules, genesis: bob.address as unknown as typeof rules.genesis };
    expect(commits(sealed(fair.reveal, fair.attester, abroad))).toBe("bad-signature");
    expect(commits({ ...fair.commit, commitment: madeUpTrace("changed") })).toBe("bad-signature");
    expect(commits(sealed(fair.reveal, fair.attester, rules, { commitment: new Uint8Array(32) }))).toBe("wrong-word");
  });
});

describe("a reveal", () => {
  const reveals = (...list: AuditReveal[]): string => verdictOn(atReveal, { reveals: list });

  it("opens what was sealed, to the last bit, and once", () => {
    expect(reveals(fair.reveal)).toBe("draft");
    const made = madeUpTrace("made");
    for (const change of [{ trace: made }, { salt: made }, { outcome: 1 }, { outcome: 7 }])
      expect(reveals({ ...fair.reveal, ...change })).toBe("wrong-word");
    expect(reveals({ ...fair.reveal, attester: bob.address })).toBe("no-seat");
    expect(reveals(fair.reveal, fair.reveal)).toBe("already-revealed");
    expect(verdictOn(next(atReveal, { reveals: [fair.reveal] }), { reveals: [fair.reveal] })).toBe("already-revealed");
  });

  it("needs a commit", () => {
    expect(verdictOn(mineTo(fair.state, 4, dave, rules), { reveals: [fair.reveal] })).toBe("wrong-word");
  });

  it("says one of the outcomes that there are", () => {
    for (const outcome of [2, 254, 255]) {
      const odd = { ...fair.reveal, outcome };
      const on = mineTo(next(fair.state, { commits: [sealed(odd, fair.attester, rules)] }), 4, dave, rules);
      expect(verdictOn(on, { reveals: [odd] })).toBe("bad-outcome");
    }
  });

  it("says that a unit is forged only once its author is banned", () => {
    const sealedOff = next(foul.state, { commits: [foul.commit] });
    expect(foul.reveal.outcome).toBe(1);
    const unshown = mineTo(sealedOff, 4, dave, rules);
    expect(verdictOn(unshown, { reveals: [foul.reveal] })).toBe("not-shown");
    const evidence = [evidenceOf(forgedUnit, { contribution: foul.contribution })];
    // In the same block is too late: the state before it has no ban.
    expect(verdictOn(unshown, { reveals: [foul.reveal], evidence })).toBe("not-shown");
    const shown = next(sealedOff, { evidence });
    expect(verdictOn(shown, { reveals: [foul.reveal] })).toBe("draft");
  });
});

describe("an attester", () => {
  const nonces = noncesPerUnit(taskIn(rules), rules);
  const pay = attesterPay({ expected: genesis.expectedDraws, nonces }, rules);
  const { earner, winner } = carriedPay(pay);

  it("is paid for its word when it opens it, a fifth of it to the winner that carries it", () => {
    const { block, state } = mineBlock(atReveal, dave, rules, { reveals: [fair.reveal] });
    expect([pay, earner, winner]).toEqual([44n, 36n, 8n]);
    expect(amounts(state, fair.attester, fair.attester, 5)).toEqual([earner]);
    expect(amounts(state, dave, fair.attester, 5)).toEqual([winner]);
    const minted = paymentsOf(atReveal, block, 0n, rules).minted;
    expect(state.supply).toBe(atReveal.supply + minted + pay);
    expect(heldIn(state)).toBe(state.supply);
    // A commit earns nothing.
    const { block: third } = mineBlock(fair.state, dave, rules, { commits: [fair.commit] });
    expect(committed.supply).toBe(fair.state.supply + paymentsOf(fair.state, third, 0n, rules).minted);
    expect(seatIn(state, 1)).toMatchObject({ outcome: 0, trace: fair.reveal.trace, pay });
  });

  it("gets the earner's part and the winner's when it carries its own word", () => {
    const state = mineBlock(atReveal, fair.attester, rules, { reveals: [fair.reveal] }).state;
    expect(amounts(state, fair.attester, fair.attester, 5)).toEqual(expect.arrayContaining([earner, winner]));
  });

  it("is paid once what it earned is mature, as balance", () => {
    const state = next(atReveal, { reveals: [fair.reveal] });
    const before = mineTo(state, 5 + rules.maturity - 1, dave, rules);
    const balance = (of: State): bigint => of.account(fair.attester.address).balance;
    expect(balance(next(before)) - balance(before)).toBe(earner);
  });

  it("loses it when it is punished, and the winner its fifth with it", () => {
    const paid = next(atReveal, { reveals: [fair.reveal] });
    const forgery = aForgery(genesis, fair.attester, rules, { index: 70 });
    const evidence = [evidenceOf(forgedUnit, { contribution: forgery })];
    const punished = next(paid, { evidence });
    expect(amounts(punished, fair.attester, fair.attester, 5)).toEqual([]);
    expect(amounts(punished, dave, fair.attester, 5)).toEqual([]);
    expect(heldIn(punished)).toBe(punished.supply);
    // The same when the block that carries its word carries the evidence.
    const { block, state } = mineBlock(atReveal, dave, rules, { reveals: [fair.reveal], evidence });
    expect([amounts(state, fair.attester, fair.attester, 5), amounts(state, dave, fair.attester, 5)]).toEqual([[], []]);
    expect(heldIn(state)).toBe(state.supply);
    expect(state.burnt).toBeGreaterThan(pay);
    expect(checkBlock(atReveal, block, {}, rules)).toMatchObject({ kind: "state" });
  });

  it("keeps it when the author of what it audited is punished: it did its work", () => {
    const sealedOff = next(foul.state, {
      commits: [foul.commit],
      evidence: [evidenceOf(forgedUnit, { contribution: foul.contribution })],
    });
    expect([amounts(sealedOff, bob, bob, 1), sealedOff.isBanned(bob.address)]).toEqual([[], true]);
    // What dave was to get for carrying bob's contribution is void.
    expect(amounts(foul.state, dave, bob, 1)).toHaveLength(1);
    expect(amounts(sealedOff, dave, bob, 1)).toEqual([]);
    const paid = next(mineTo(sealedOff, 4, dave, rules), { reveals: [foul.reveal] });
    expect(amounts(paid, foul.attester, foul.attester, 5)).toEqual([earner]);
    expect(heldIn(paid)).toBe(paid.supply);
  });

  it("who is banned says no more", () => {
    const evidence = [evidenceOf(forgedUnit, { contribution: aForgery(genesis, fair.attester, rules, { index: 70 }) })];
    const before = next(fair.state, { evidence });
    expect(verdictOn(before, { commits: [fair.commit] })).toBe("banned");
    const after = mineTo(next(committed, { evidence }), 4, dave, rules);
    expect(verdictOn(after, { reveals: [fair.reveal] })).toBe("banned");
  });
});

describe("of the words that wait", () => {
  it("those that stand are chosen, the first of each seat, as far as there is room", () => {
    const other = fair.say({ outcome: "valid", trace: madeUpTrace("other") });
    const nothing = { reveals: [], commits: [] };
    const choose = (on: State, waiting: object, most = 9) => selectWords(on, { ...nothing, ...waiting }, most, rules);
    expect(choose(fair.state, { commits: [fair.commit, other.commit], reveals: [fair.reveal] })).toEqual({
      reveals: [],
      commits: [fair.commit],
    });
    const open = { reveals: [other.reveal, fair.reveal, fair.reveal], commits: [other.commit] };
    expect(choose(atReveal, open)).toEqual({ reveals: [fair.reveal], commits: [] });
    expect(choose(atReveal, open, 0)).toEqual(nothing);
    expect(verdictOn(atReveal, choose(atReveal, open))).toBe("draft");
  });
});

describe("a state with audits", () => {
  it("goes on the same from storage, and lists who has stake as its accounts say", () => {
    const plan = { reveals: [fair.reveal], transactions: [aStake(atReveal, alice, "stake", 5n)] };
    const [here, back] = [atReveal, decodeState(encodeState(atReveal))].map((on) => next(on, plan));
    expect(toHex((back as State).root)).toBe(toHex((here as State).root));
    expect((back as State).stakers).toEqual((here as State).stakers);
    expect(decodeState(encodeState(here as State)).stakers).toEqual((here as State).stakers);
    expect((here as State).stakers.length).toBeGreaterThan(STAKES.allocations.length);
  });

  it("must be the one that the words lead to", () => {
    const { block } = mineBlock(atReveal, dave, rules, { reveals: [fair.reveal] });
    const without = forgeBody(atReveal, block, dave, rules, { reveals: [] });
    expect(checkBlock(atReveal, without, {}, rules)).toMatchObject({ kind: "state" });
    const claimed = { ...block, body: { ...block.body, reveals: [] } };
    expect(checkBlock(atReveal, claimed, {}, rules)).toMatchObject({ code: "wrong-body-root" });
  });
});
