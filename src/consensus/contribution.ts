// Validity of contributions: on gossip against the tip, in records against the round they close (protocol section 3).
import { ACCEPT, bytesEqual, type Verdict } from "../base/index.ts";
import { CONTRIBUTION_BLOCKS, type Rules, refuse, type State, skip, taskOf } from "../chain/index.ts";
import type { Contribution } from "../codec/index.ts";
import { verifyContribution } from "../crypto/index.ts";
import { maxDeltaBytes } from "../ml/index.ts";

/** The round that is open: contributions to it start from the state with this digest. */
export interface OpenRound {
  readonly round: number;
  readonly start: Uint8Array;
}

/**
 * Whether `contribution` may be recorded on `state`'s tip in the round `open`, by default the one that the tip opened. Late and early
 * ones are ignored, as are those of another branch (another start): only a wrong form, key or signature is the sender's fault.
 */
export function checkContribution(state: State, contribution: Contribution, rules: Rules, open?: OpenRound): Verdict {
  const task = state.task(contribution.task);
  const facts = taskOf(rules, contribution.task);
  if (task === undefined || facts === undefined) return refuse("unknown-task");
  const { round, start } = open ?? { round: task.round, start: task.parameters };
  if (contribution.codec !== 0) return refuse("unknown-codec", `${contribution.codec}`);
  if (contribution.deltaBytes < 1 || contribution.deltaBytes > maxDeltaBytes(facts.parameterCount))
    return refuse("delta-size", `${contribution.deltaBytes} bytes`);
  const { height } = contribution;
  if (height > state.height) return skip("height-ahead", `${height}, the tip is at ${state.height}`);
  if (height <= state.height - CONTRIBUTION_BLOCKS)
    return skip("height-expired", `${height}, the tip is at ${state.height}`);
  if (contribution.round < round) return skip("stale-round", `${contribution.round}, now ${round}`);
  if (contribution.round > round) return skip("unknown-round", `${contribution.round}, now ${round}`);
  if (!bytesEqual(contribution.start, start)) return skip("wrong-start", `round ${round}`);
  if (state.isBanned(contribution.author)) return skip("banned");
  if (!verifyContribution(contribution, rules.genesis)) return refuse("bad-signature", "of the contribution");
  return ACCEPT;
}
