// Keys that forge some of what they have recorded, and how many of them the draw of audits finds.
import { toHex } from "../../src/base/index.ts";
import { drawAudits } from "../../src/chain/audits/draw.ts";
import { evidenceOf, forgedUnit, judgeOn, type Rules, type State } from "../../src/chain/index.ts";
import { WorkingState } from "../../src/chain/state/working-state.ts";
import { Contribution } from "../../src/codec/index.ts";
import { checkShown } from "../../src/consensus/index.ts";
import { type KeyPair, taggedHash } from "../../src/crypto/index.ts";
import { placeOf } from "../../src/work/index.ts";
import { aForgery, foundOf } from "./audits.ts";
import { aContribution, aKey } from "./chain.ts";

/** Contributions of a key: the most that it forges. */
export const MOST = 32;

export interface Found {
  /** Keys that forged so many, over all draws, and those that were found. */
  readonly keys: number;
  readonly found: number;
}

export interface Detection {
  readonly recorded: number;
  readonly draws: number;
  /** By how many a key forged. */
  readonly byForged: ReadonlyMap<number, Found>;
  /** Honest contributions that were audited, and those of them that were judged forged. */
  readonly honestAudited: number;
  readonly honestPunished: number;
}

export interface Trial {
  /** The units are run on the first and recorded by the block of the second. */
  readonly parent: State;
  readonly tip: State;
  readonly count: number;
  readonly draws: number;
  readonly sizes: readonly number[];
  /** Other keys for each. */
  readonly series: number;
}

interface Crowd {
  readonly state: State;
  readonly units: readonly { readonly unit: Contribution; readonly forged: boolean }[];
}

/** The state after `tip`, had it recorded `count` units that were run on its parent, each key's `MOST`: half of the keys forge all of them. */
function crowd({ parent, tip, count, series }: Trial, rules: Rules): Crowd {
  const keys = Array.from({ length: Math.ceil(count / MOST) }, (_, i) => aKey(`crowd ${series} ${i}`));
  const units = Array.from({ length: count }, (_, i) => {
    const key = keys[Math.floor(i / MOST)] as KeyPair;
    const forged = Math.floor(i / MOST) % 2 === 0;
    const place = { index: i % MOST };
    return { unit: forged ? aForgery(parent, key, rules, place) : aContribution(parent, key, place, rules), forged };
  });
  const working = new WorkingState(tip);
  const recorded = units.map(({ unit }) => ({
    ...{ unit: placeOf(unit), contribution: Contribution.id(unit), author: unit.author, pay: 9n, won: false },
  }));
  working.turnRecorded(tip.height, recorded);
  return { state: working.finish(0n), units };
}

/** Whether an attester that runs the unit finds it forged, as a block's checkers do. */
function isFound(state: State, contribution: Contribution, rules: Rules): boolean {
  const judged = judgeOn(state, evidenceOf(forgedUnit, { contribution }), rules);
  if (judged.kind !== "offence" || judged.shown === undefined) return false;
  return checkShown(judged.shown, foundOf(state, contribution)).kind === "accept";
}

/** Draws the audits of recorded contributions by many beacons; of each key's, groups of each of `sizes` stand for a key that forged so many. */
export function detect(trial: Trial, rules: Rules): Detection {
  const { count, draws, sizes } = trial;
  const { state, units } = crowd(trial, rules);
  const forgedOnes = units.map(({ unit }) => isFound(state, unit, rules));
  const names = units.map(({ unit }) => toHex(Contribution.id(unit)));
  const tally = new Map(sizes.map((size) => [size, { keys: 0, found: 0 }]));
  let [honestAudited, honestPunished] = [0, 0];
  for (let draw = 0; draw < draws; draw++) {
    const drawn = new Set(
      drawAudits(state, taggedHash("a beacon", Uint8Array.of(draw, draw >> 8)), rules).map(({ audit }) => toHex(audit)),
    );
    const caught = names.map((name, i) => drawn.has(name) && (forgedOnes[i] as boolean));
    units.forEach(({ forged }, i) => {
      if (forged || !drawn.has(names[i] as string)) return;
      honestAudited++;
      if (caught[i]) honestPunished++;
    });
    for (const [size, counts] of tally)
      for (let from = 0; from + size <= count; from += size) {
        if (!units[from]?.forged) continue;
        counts.keys++;
        if (caught.slice(from, from + size).some(Boolean)) counts.found++;
      }
  }
  return { recorded: count, draws, byForged: tally, honestAudited, honestPunished };
}
