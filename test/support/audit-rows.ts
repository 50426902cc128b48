// Refusals of attesters' words and of evidence about units: each forged object beside the honest one that passes the same check.
import { finish, type Refusal, type Verdict } from "../../src/base/index.ts";
import {
  type Applied,
  evidenceOf,
  forgedUnit,
  judgeEvidence,
  type Offence,
  type State,
} from "../../src/chain/index.ts";
import type { Contribution } from "../../src/codec/index.ts";
import { checkShown, type Draft, draftBlock } from "../../src/consensus/index.ts";
import {
  aForgery,
  allAudited,
  foundOf,
  keyOf,
  madeUpTrace,
  opened,
  rightWord,
  sealed,
  seatIn,
  type Word,
} from "./audits.ts";
import { aContribution, alice, type BlockPlan, bob, carol, mineBlock, onTask, winningParts } from "./chain.ts";

/** Whatever a check answers. */
export type Result = Verdict | Applied | Offence | Draft | { readonly kind: "offences" };
export type Row = readonly [kind: Refusal["kind"], honest: () => Result, forged: () => Result];

const { rules, state: genesis } = allAudited();

/** Block 1 records a unit of bob's, block 2 draws who attests: commits go into block 3, reveals into block 4. */
function auditOf(contribution: Contribution) {
  const first = mineBlock(genesis, alice, rules, { others: [contribution] }).state;
  const state = mineBlock(first, alice, rules).state;
  const seat = seatIn(state, 1);
  const say = (word: Word) => {
    const reveal = opened({ ...seat, height: 1 }, word);
    return { reveal, commit: sealed(reveal, keyOf([alice, carol], seat.attester), rules) };
  };
  return { state, contribution, seat, ...say(rightWord(genesis, contribution)), say };
}
const fair = auditOf(aContribution(genesis, bob, {}, rules));
const foul = auditOf(aForgery(genesis, bob, rules));
const shown = evidenceOf(forgedUnit, { contribution: foul.contribution });

const draft = (on: State, plan: BlockPlan): Result => draftBlock(on, winningParts(on, alice, plan, rules), rules);
const after = (on: State, plan: BlockPlan = {}): State => mineBlock(on, alice, rules, plan).state;

const committed = after(fair.state, { commits: [fair.commit] });
const revealed = (): Result => draft(committed, { reveals: [fair.reveal] });
const made = madeUpTrace("row");

/** Contributions of bob that nobody recorded. */
const units = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    evidenceOf(forgedUnit, { contribution: aForgery(genesis, bob, rules, { index: 50 + index }) }),
  );

export const AUDIT_ROWS = {
  "no-seat": [
    "reject",
    () => draft(fair.state, { commits: [fair.commit] }),
    () => draft(fair.state, { commits: [sealed({ ...fair.reveal, attester: bob.address }, bob, rules)] }),
  ],
  "not-now": ["reject", revealed, () => draft(committed, { commits: [fair.commit] })],
  "already-committed": [
    "reject",
    () => draft(fair.state, { commits: [fair.commit] }),
    () => draft(fair.state, { commits: [fair.commit, fair.say({ outcome: "valid", trace: made }).commit] }),
  ],
  "already-revealed": ["reject", revealed, () => draft(committed, { reveals: [fair.reveal, fair.reveal] })],
  "wrong-word": ["reject", revealed, () => draft(committed, { reveals: [{ ...fair.reveal, trace: made }] })],
  "not-shown": [
    "reject",
    () => draft(after(foul.state, { commits: [foul.commit], evidence: [shown] }), { reveals: [foul.reveal] }),
    () => draft(after(foul.state, { commits: [foul.commit] }), { reveals: [foul.reveal] }),
  ],
  "too-many-units": [
    "reject",
    () => finish(judgeEvidence(units(2), onTask(fair.state, rules), rules)),
    () => finish(judgeEvidence(units(3), onTask(fair.state, rules), rules)),
  ],
  "false-evidence": [
    "reject",
    () => checkShown({ contribution: foul.contribution }, foundOf(genesis, foul.contribution)),
    () => checkShown({ contribution: fair.contribution }, foundOf(genesis, fair.contribution)),
  ],
} as const satisfies { readonly [code: string]: Row };
