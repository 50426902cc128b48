// Validity of contributions: on gossip against the tip, in records against the round they close (protocol section 3).
import { ACCEPT, bytesEqual, ignore, reject, type Verdict } from "../base/index.ts";
import { CONTRIBUTION_BLOCKS, findTask, type Rules, type State } from "../chain/index.ts";
import { Contribution } from "../codec/index.ts";
import { DELTA_CODECS } from "../ml/index.ts";

/** The round that is open: contributions to it start from the state with this digest. */
export interface OpenRound {
  readonly round: number;
  readonly startDigest: Uint8Array;
}

/**
 * Whether `contribution` may be recorded on `state`'s tip in the round `open`, by default the one that the tip opened. Late and early
 * ones are ignored, as are those of another branch (another start): only a wrong form, key or signature is the sender's fault.
 */
export function checkContribution(state: State, contribution: Contribution, rules: Rules, open?: OpenRound): Verdict {
  const standing = checkStanding(state, contribution, rules, open);
  if (standing.kind !== "accept") return standing;
  if (!Contribution.verify(contribution, rules.genesis)) return reject("bad-signature", "of the contribution");
  return ACCEPT;
}

/** The same of one whose signature was checked before: what another state or round changes. */
export function checkStanding(state: State, contribution: Contribution, rules: Rules, open?: OpenRound): Verdict {
  const task = state.task(contribution.task);
  const facts = findTask(rules, contribution.task);
  if (task === undefined || facts === undefined) return reject("unknown-task");
  const { round, startDigest: start } = open ?? { round: task.round, startDigest: task.parametersDigest };
  if (contribution.codec !== DELTA_CODECS[facts.codec].tag) return reject("unknown-codec", `${contribution.codec}`);
  if (contribution.deltaBytes < 1 || contribution.deltaBytes > facts.maxDeltaBytes)
    return reject("delta-size", `${contribution.deltaBytes} bytes`);
  if (bytesEqual(contribution.digest, contribution.startDigest)) return reject("idle-unit");
  const { height } = contribution;
  if (height > state.height) return ignore("height-ahead", `${height}, the tip is at ${state.height}`);
  if (height <= state.height - CONTRIBUTION_BLOCKS)
    return ignore("height-expired", `${height}, the tip is at ${state.height}`);
  if (contribution.round < round) return ignore("stale-round", `${contribution.round}, now ${round}`);
  if (contribution.round > round) return ignore("unknown-round", `${contribution.round}, now ${round}`);
  if (!bytesEqual(contribution.startDigest, start)) return ignore("wrong-start", `round ${round}`);
  return state.isBanned(contribution.author) ? ignore("banned") : ACCEPT;
}
