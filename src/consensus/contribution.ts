// Validity of contributions: on gossip against the tip, in records against the round that they close (protocol section 3).
import { ACCEPT, bytesEqual, ignore, reject, type Verdict } from "../base/index.ts";
import { CONTRIBUTION_BLOCKS, type Common, findTask, isAdmitted, type Rules, type State } from "../chain/index.ts";
import { Contribution } from "../codec/index.ts";
import { DELTA_CODECS } from "../ml/index.ts";
import { noncesPerUnit, placeOf } from "../work/index.ts";

/** The round that is open: contributions to it start from one of these common states, the last of which stands. */
export interface OpenRound {
  readonly round: number;
  readonly startDigest: Uint8Array;
  /** Id of the task's last record; the task's id before the first. */
  readonly lastRecord: Uint8Array;
  readonly commons: readonly Common[];
}

/**
 * Whether `contribution` may be recorded on `state`'s tip in the round `open`. Late and early ones are ignored, as are those of another
 * branch and of keys without collateral: only a wrong form or signature is the sender's fault.
 */
export function checkContribution(state: State, contribution: Contribution, rules: Rules, open: OpenRound): Verdict {
  const standing = checkStanding(state, contribution, rules, open);
  if (standing.kind !== "accept") return standing;
  return checkSignature(contribution, rules);
}

/** The same of one whose signature was checked before: what another state or round changes. */
export function checkStanding(state: State, contribution: Contribution, rules: Rules, open: OpenRound): Verdict {
  const form = checkForm(contribution, rules);
  if (form.kind !== "accept") return form;
  const start = checkStart(state, contribution, open);
  if (start.kind !== "accept") return start;
  if (state.isRecorded(placeOf(contribution), contribution.height)) return ignore("already-recorded");
  return checkAuthor(state, contribution, rules);
}

/** A block's winning contribution: it needs neither collateral nor admission, since it is checked. Its start is the header's business. */
export function checkWinning(state: State, contribution: Contribution, rules: Rules): Verdict {
  const form = checkForm(contribution, rules);
  if (form.kind !== "accept") return form;
  return state.isBanned(contribution.author) ? reject("banned") : checkSignature(contribution, rules);
}

const checkSignature = (contribution: Contribution, rules: Rules): Verdict =>
  Contribution.verify(contribution, rules.genesis) ? ACCEPT : reject("bad-signature", "of the contribution");

/** What holds whatever the state. */
function checkForm({ task, codec, deltaBytes, digest, startDigest }: Contribution, rules: Rules): Verdict {
  const facts = findTask(rules, task);
  if (facts === undefined) return reject("unknown-task");
  if (codec !== DELTA_CODECS[facts.codec].tag) return reject("unknown-codec", `${codec}`);
  if (deltaBytes < 1 || deltaBytes > facts.maxDeltaBytes) return reject("delta-size", `${deltaBytes} bytes`);
  return bytesEqual(digest, startDigest) ? reject("idle-unit") : ACCEPT;
}

/** Whether the unit was run on a recent block of this chain, from a common state that stood there. */
function checkStart(state: State, contribution: Contribution, { round: now, commons }: OpenRound): Verdict {
  const { height, round, startDigest, block } = contribution;
  if (height > state.height) return ignore("height-ahead", `${height}, the tip is at ${state.height}`);
  if (height < state.height - CONTRIBUTION_BLOCKS)
    return ignore("height-expired", `${height}, the tip is at ${state.height}`);
  if (!bytesEqual(state.recentBlock(height)?.id ?? new Uint8Array(0), block)) return ignore("other-branch");
  if (round > now) return ignore("unknown-round", `${round}, now ${now}`);
  const start = commons.find((common) => common.round === round);
  if (start === undefined) return ignore("stale-round", `${round}, now ${now}`);
  if (!bytesEqual(start.digest, startDigest)) return ignore("wrong-start", `round ${round}`);
  return stoodOn(start, height) ? ACCEPT : ignore("wrong-start", `not on block ${height}`);
}

/** Whether a common state stood on the block at `height`, so that units run there could start from it. */
export const stoodOn = ({ from, until }: Common, height: number): boolean => from <= height && height <= until;

/** Whether the author may be recorded on the tip, and this unit of it. */
function checkAuthor(state: State, { author, digest, task, height }: Contribution, rules: Rules): Verdict {
  if (state.isBanned(author)) return ignore("banned");
  if (state.collateralOf(author) < rules.minCollateral) return ignore("low-collateral");
  const facts = findTask(rules, task);
  const on = state.recentBlock(height);
  if (facts === undefined || on === undefined) return reject("unknown-task");
  const measure = { expected: state.expectedAt(height), nonces: noncesPerUnit(facts, rules) };
  return isAdmitted(on.beacon, digest, measure) ? ACCEPT : ignore("not-admitted");
}
