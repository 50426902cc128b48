// What work is paid and how much of it a block takes: pay follows work, not presence, in unbounded integers (protocol sections 3, 4 and 6).
import { toBigInt } from "../../base/index.ts";
import { taggedHash } from "../../crypto/index.ts";
import { SPACE } from "../difficulty.ts";
import type { Rules } from "../rules.ts";

/** K: a block has room for some K contributions, however many mine. */
const CONTRIBUTIONS_PER_BLOCK = 500n;
/** A contribution takes this share of its author's collateral, times the rate of audits, at most, an attester's word the same times the rate of second attesters: so that forging loses at every rate. */
const COLLATERAL_FACTOR = 8n;
/** A winner gets one part in five of what the leaders and attesters that it carries are paid. */
const CARRIED_ONE_IN = 5n;

/** One audit in so many has twice the attesters: who does not run the unit does not know what the other will say. */
export const DOUBLED_ONE_IN = 8n;

type Part = keyof Rules["split"];
type PayRules = Pick<Rules, "subsidy" | "split" | "auditOneIn" | "attesters" | "minCollateral">;

/** How hard a unit's block was and what the unit earns: both are of the block that the unit was run on. */
export interface Measure {
  /** D: draws that the block after it was expected to take. */
  readonly expected: bigint;
  /** a(T). */
  readonly nonces: number;
}

const partOf = (part: Part, { subsidy, split }: PayRules): bigint => (subsidy * BigInt(split[part])) / 1000n;

/** What one unit of work earns of a part of the subsidy: its share of the expected draws, neither dust nor more than the part. */
export function shareOf(part: Part, { expected, nonces }: Measure, rules: PayRules): bigint {
  const { subsidy, split } = rules;
  const a = BigInt(nonces);
  const whole = subsidy * BigInt(split[part]);
  const byWork = (whole * 2n * a) / (1000n * (2n * expected + a));
  const least = whole / (1000n * CONTRIBUTIONS_PER_BLOCK);
  return min(partOf(part, rules), byWork > least ? byWork : least);
}

/** The winner's part: always, and as stake. */
export const winnerPay = (rules: PayRules): bigint => partOf("winner", rules);

/** A recorded contribution of lag `lag`; the winning one has no bound, since it was checked. */
export function contributionPay(
  lag: number,
  measure: Measure,
  collateral: bigint | "checked",
  rules: PayRules,
): bigint {
  const share = (shareOf("contributions", measure, rules) * 3n ** BigInt(lag)) / 4n ** BigInt(lag);
  return collateral === "checked" ? share : min(share, collateral / (COLLATERAL_FACTOR * BigInt(rules.auditOneIn)));
}

/** What is paid for a thing that a winner carries, to who made it and to the winner. */
export function carriedPay(all: bigint): { readonly earner: bigint; readonly winner: bigint } {
  const winner = all / CARRIED_ONE_IN;
  return { earner: all - winner, winner };
}

/** For a record's contribution that was paid `pay`: the leader's, the part of the winner that carries it included. */
export const leaderPay = (pay: bigint, { split }: PayRules): bigint =>
  (pay * BigInt(split.leader)) / BigInt(split.contributions);

/**
 * Of each attester in an audit, the part of the winner that carries its word included. One audit in `DOUBLED_ONE_IN` has twice the
 * attesters, and all of them are paid alike: on average an audit takes its contribution's share, Q times.
 */
export function attesterPay(measure: Measure, rules: PayRules): bigint {
  const share = shareOf("attestations", measure, rules);
  return (BigInt(rules.auditOneIn) * share * DOUBLED_ONE_IN) / (BigInt(rules.attesters) * (DOUBLED_ONE_IN + 1n));
}

/** What of it an attester with this collateral is paid: a made-up word is found where there is a second attester, so it must lose at every rate. */
export const boundAttesterPay = (pay: bigint, collateral: bigint): bigint =>
  min(pay, collateral / (COLLATERAL_FACTOR * DOUBLED_ONE_IN));

/** Contributions of a key with this collateral that one block may hold. */
export const maxContributionsOf = (collateral: bigint, { minCollateral }: Pick<Rules, "minCollateral">): bigint =>
  (COLLATERAL_FACTOR * collateral) / minCollateral;

/** Whether a contribution is among those that its block has room for: H("admit", beacon, d) < 2^256 min(1, K a / D), all of its own block. */
export function isAdmitted(beacon: Uint8Array, digest: Uint8Array, { expected, nonces }: Measure): boolean {
  const places = CONTRIBUTIONS_PER_BLOCK * BigInt(nonces);
  if (places >= expected) return true;
  return toBigInt(taggedHash("admit", beacon, digest)) < (SPACE * places) / expected;
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
