// Which contributions are audited, and by whom: drawn by a beacon that was not known when they were recorded (protocol section 5).
import { bytesEqual, compareBytes, placeIn, toBigInt, u32be } from "../../base/index.ts";
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
  const eligible = new Stakes(
    state.stakers.filter(({ address, stake }) => stake >= rules.minCollateral && !state.isBanned(address)),
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
  eligible: Stakes,
  rules: Rules,
): Seat[] {
  const count = rules.attesters * (lotOf(beacon, unit, rules).doubled ? 2 : 1);
  const blank = { commitment: new Uint8Array(32), outcome: SEALED, trace: new Uint8Array(32) };
  const seats: Seat[] = [];
  const out = eligible.placesOf(author);
  for (let j = 0; j < count && out.length < eligible.count; j++) {
    const lot = toBigInt(taggedHash("attester", beacon, audit, u32be(j)));
    const at = eligible.drawn(lot, out);
    const { address: attester, stake } = eligible.at(at);
    out.splice(
      placeIn(out, (other) => other < at),
      0,
      at,
    );
    seats.push({ audit, author, attester, pay: boundAttesterPay(pay, stake), ...blank });
  }
  return seats;
}

/** Stakes laid end to end, once for all that are drawn among them: there may be ten thousand, and a hundred audits. */
class Stakes {
  readonly #stakers: readonly Staker[];
  /** What lies before each, and all. */
  readonly #before: readonly bigint[];

  /** In order of address. */
  constructor(stakers: readonly Staker[]) {
    this.#stakers = stakers;
    const before = [0n];
    for (const [i, { stake }] of stakers.entries()) before.push((before[i] as bigint) + stake);
    this.#before = before;
  }

  get count(): number {
    return this.#stakers.length;
  }

  at(place: number): Staker {
    return this.#stakers[place] as Staker;
  }

  /** Where an address is, if it is there. */
  placesOf(address: Uint8Array): number[] {
    const at = placeIn(this.#stakers, (staker) => compareBytes(staker.address, address) < 0);
    const found = this.#stakers[at];
    return found !== undefined && bytesEqual(found.address, address) ? [at] : [];
  }

  /** Where a lot falls when those at some places, in ascending order, are left out. */
  drawn(lot: bigint, out: readonly number[]): number {
    const all = out.reduce((sum, at) => sum - this.at(at).stake, this.#before[this.count] as bigint);
    let rest = lot % all;
    for (const at of out) if (rest >= (this.#before[at] as bigint)) rest += this.at(at).stake;
    return placeIn(this.#before, (before) => before <= rest) - 1;
  }
}
