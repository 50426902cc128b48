// Topic `evidence`: somebody shows an offence. What it says of a unit is run before it is passed on, so who sends what is false could know.
// A run costs the offender what admits a key to the work, once: forgeries of keys that were made up would have the whole network run them.
import { ignore, toHex, type Verdict } from "../../base/index.ts";
import { atRisk, judgeOn, type ShownUnit, type State } from "../../chain/index.ts";
import type { Evidence } from "../../codec/index.ts";
import { checkShown } from "../../consensus/index.ts";
import { type Handler, type IntakeDeps, later } from "./handler.ts";

export const onEvidence: Handler<"evidence"> = async ({ value: piece }, { from }, deps) => {
  const { ledger, evidence, unitRuns, evidenceRuns } = deps;
  const { state, rules } = ledger;
  const judged = judgeOn(state, piece, rules);
  // What does not decode is wrong whatever the chain; all else may be an offence where the sender is.
  if (judged.kind !== "offence") return judged.code === "bad-encoding" ? judged : ignore(judged.code);
  if (evidence.knows(judged)) return ignore("known");
  const { shown, offender } = judged;
  if (shown === undefined) return evidence.hold(piece);
  if (!unitRuns.canRun(shown.contribution.task)) return ignore("not-followed");
  if (atRisk(state, offender) < rules.minCollateral) return ignore("nothing-to-lose");
  if (evidence.accuses(offender)) return ignore("known", "another offence of the key");
  const leave = evidenceRuns.take(from);
  if (leave === undefined) return ignore("full", "units of evidence");
  return later(() => runShown({ piece, shown, offender, state }, deps).finally(leave));
};

/** Evidence about a unit, and the state that it was judged on. */
interface Showing {
  readonly piece: Evidence;
  readonly shown: ShownUnit;
  readonly offender: Uint8Array;
  readonly state: State;
}

async function runShown({ piece, shown, offender, state }: Showing, deps: IntakeDeps): Promise<Verdict> {
  const { evidence, unitRuns, bans, events, signal } = deps;
  const verdict = checkShown(shown, await unitRuns.run(shown.contribution, state, { signal }));
  if (verdict.kind !== "accept") return verdict;
  if (shown.word === undefined) bans.ban(offender);
  const held = evidence.hold(piece);
  const kind = shown.word === undefined ? "forged-unit" : "false-attestation";
  if (held.kind === "accept") events.emit("alert", { kind, subject: toHex(offender), detail: "a peer showed it" });
  return held;
}
