// Which contributions are audited, and by whom: drawn by a beacon that was not known when they were recorded (protocol section 5).
import { bytesEqual, toBigInt, u32be } from "../../base/index.ts";
import { taggedHash } from "../../crypto/index.ts";
import { boundAttesterPay, DOUBLED_ONE_IN } from "../economy/pay.ts";
import type { Rules } from "../rules.ts";
import type { Staker } from "../state/stakers.ts";
import type { State } from "../state/state.ts";
import { type Recorded, SEALED, type Seat } from "../state/state-type.ts";

/**
 * The seats of the audits that `beacon`, of the block on `state`, draws among what the tip recorded, its own win excepted. Attesters are drawn by stake in
 * `state`, without replacement, never the author; where nobody is eligible there is no audit.
 */
export function drawAudits(state: State, beacon: Uint8Array, rules: Rules): Seat[] {
  const audited = state.recordedIn(state.height).filter(({ unit, won }) => !won && lotOf(beacon, unit, rules).audited);
  if (audited.length === 0) return [];
  const eligible = state.stakers.filter(
    ({ address, stake }) => stake >= rules.minCollateral && !state.isBanned(address),
  );
  return audited.flatMap((recorded) => seatsOf(recorded, beacon, eligible, rules));
}

function lotOf(beacon: Uint8Array, unit: Uint8Array, { auditOneIn }: Rules): { audited: boolean; doubled: boolean } {
  const lot = taggedHash("audit", beacon, unit);
  const audited = toBigInt(lot.subarray(0, 8)) % BigInt(auditOneIn) === 0n;
  return { audited, doubled: toBigInt(lot.subarray(8, 16)) % DOUBLED_ONE_IN === 0n };
}

function seatsOf(
  { unit, contribution: audit, author, pay }: Recorded,
  beacon: Uint8Array,
  eligible: readonly Staker[],
  rules: Rules,
): Seat[] {
  const count = rules.attesters * (lotOf(beacon, unit, rules).doubled ? 2 : 1);
  const left = eligible.filter(({ address }) => !bytesEqual(address, author));
  const blank = { commitment: new Uint8Array(32), outcome: SEALED, trace: new Uint8Array(32) };
  const seats: Seat[] = [];
  for (let j = 0; j < count && left.length > 0; j++) {
    const lot = toBigInt(taggedHash("attester", beacon, audit, u32be(j)));
    const [{ address: attester, stake }] = left.splice(at(left, lot), 1) as [Staker];
    seats.push({ audit, author, attester, pay: boundAttesterPay(pay, stake), ...blank });
  }
  return seats;
}

/** Where a lot falls among stakes laid end to end. */
function at(stakers: readonly Staker[], lot: bigint): number {
  let rest = lot % stakers.reduce((sum, { stake }) => sum + stake, 0n);
  return stakers.findIndex(({ stake }) => {
    rest -= stake;
    return rest < 0n;
  });
}
