// The words of attesters in a block: those opened are paid, those sealed are kept (protocol sections 4 and 5).
import { ACCEPT, bytesEqual, isZero, type Refusal, reject, type Steps, type Verdict } from "../../base/index.ts";
import { AuditCommit, type AuditReveal, type AuditSeat, type Body, OUTCOMES } from "../../codec/index.ts";
import { taggedHash } from "../../crypto/index.ts";
import { carriedPay } from "../economy/pay.ts";
import type { Rules } from "../rules.ts";
import type { State } from "../state/state.ts";
import { type Reward, SEALED, type Seat } from "../state/state-type.ts";
import { WorkingState } from "../state/working-state.ts";
import { commitWindow, isWithin, revealWindow, type Window } from "./windows.ts";

/** H("attest", attester, audit, outcome, trace, salt): what a commit says of the reveal to come. */
export const commitmentOf = ({ attester, audit, outcome, trace, salt }: Omit<AuditReveal, "height">): Uint8Array =>
  taggedHash("attest", attester, audit, Uint8Array.of(outcome), trace, salt);

/** What a block's reveals pay; the first word that does not stand voids it. */
export function* applyWords(
  working: WorkingState,
  { reveals, commits }: Pick<Body, "reveals" | "commits">,
  winner: Uint8Array,
  rules: Rules,
): Steps<{ readonly kind: "rewards"; readonly rewards: readonly Reward[] } | Refusal> {
  const rewards: Reward[] = [];
  for (const reveal of reveals) {
    yield 1;
    const seat = open(working, reveal, rules);
    if ("kind" in seat) return seat;
    const { attester } = reveal;
    const pay = carriedPay(seat.pay);
    rewards.push({ address: attester, author: attester, amount: pay.earner });
    rewards.push({ address: winner, author: attester, amount: pay.winner });
  }
  yield commits.map((commit) => AuditCommit.signed(commit, rules.genesis));
  for (const commit of commits) {
    yield 1;
    const seat = seal(working, commit, rules);
    if ("kind" in seat) return seat;
  }
  return { kind: "rewards", rewards: rewards.filter(({ amount }) => amount > 0n) };
}

/** Of the words that wait, those that a block on `state` can carry, the first of each seat, as far as it has room. */
export function selectWords(
  state: State,
  waiting: Pick<Body, "reveals" | "commits">,
  most: number,
  rules: Rules,
): Pick<Body, "reveals" | "commits"> {
  const working = new WorkingState(state);
  const reveals = waiting.reveals.filter((word) => !("kind" in open(working, word, rules)));
  const commits = waiting.commits.filter((word) => !("kind" in seal(working, word, rules)));
  return { reveals: reveals.slice(0, most), commits: commits.slice(0, most) };
}

/** Opens a seat's word in the state that a block changes; the seat as it was, or why it cannot be. */
function open(working: WorkingState, reveal: AuditReveal, rules: Rules): Seat | Refusal {
  const seat = checkReveal(working, reveal, rules);
  const { outcome, trace } = reveal;
  if (!("kind" in seat)) working.seats.put(reveal.height, { ...seat, outcome, trace });
  return seat;
}

/** Seals one. */
function seal(working: WorkingState, commit: AuditCommit, rules: Rules): Seat | Refusal {
  const seat = checkCommit(working, commit, rules);
  if (!("kind" in seat)) working.seats.put(commit.height, { ...seat, commitment: commit.commitment });
  return seat;
}

/** Whether a block on `state` could carry the commit. */
export const judgeCommit = (state: State, commit: AuditCommit, rules: Rules): Verdict =>
  verdictOf(checkCommit(new WorkingState(state), commit, rules));

/** Whether a block on `state` could carry the reveal. */
export const judgeReveal = (state: State, reveal: AuditReveal, rules: Rules): Verdict =>
  verdictOf(checkReveal(new WorkingState(state), reveal, rules));

const verdictOf = (checked: Seat | Refusal): Verdict => ("kind" in checked ? checked : ACCEPT);

/** The seat that a commit of the block in progress takes, or why it takes none. */
function checkCommit(working: WorkingState, commit: AuditCommit, rules: Rules): Seat | Refusal {
  const seat = seatAt(working, commit, commitWindow(commit.height, rules));
  if ("kind" in seat) return seat;
  if (!isZero(seat.commitment)) return reject("already-committed");
  if (isZero(commit.commitment)) return reject("wrong-word", "an empty commitment");
  return AuditCommit.verify(commit, rules.genesis) ? seat : reject("bad-signature", "of the commit");
}

/** The seat whose word is opened. That a unit is forged has been shown before: its author is banned for it. */
function checkReveal(working: WorkingState, reveal: AuditReveal, rules: Rules): Seat | Refusal {
  const seat = seatAt(working, reveal, revealWindow(reveal.height, rules));
  if ("kind" in seat) return seat;
  if (seat.outcome !== SEALED) return reject("already-revealed");
  if (!bytesEqual(seat.commitment, commitmentOf(reveal))) return reject("wrong-word");
  const outcome = OUTCOMES[reveal.outcome];
  if (outcome === undefined) return reject("bad-outcome", `${reveal.outcome}`);
  return outcome === "invalid" && !working.isBanned(seat.author) ? reject("not-shown") : seat;
}

function seatAt(working: WorkingState, { audit, height, attester }: AuditSeat, window: Window): Seat | Refusal {
  if (!isWithin(working.height, window))
    return reject("not-now", `block ${working.height}, open in ${window.from} to ${window.to}`);
  const seat = working.seats.find({ audit, height, attester });
  if (seat === undefined) return reject("no-seat");
  return working.isBanned(attester) ? reject("banned", "the attester") : seat;
}
