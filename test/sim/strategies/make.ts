// A won block: the records it carries, the closing one, its target, pay and audits.

import { fromBigInt, toBigInt } from "../../../src/base/index.ts";
import { nextTarget, workOf } from "../../../src/chain/index.ts";
import { above, entriesOf, isOwn } from "./block.ts";
import { MAX_ENTRIES, mayRecord, Places } from "./desk.ts";
import { applyBlock, collateralOf } from "./ledger.ts";
import type { Params } from "./params.ts";
import type { Audit, Block, Desk, Entry, Network, Player, Record, Unit } from "./types.ts";

/** A winner carries the leader's records up to so many rounds after its unit's start. */
const TAIL = 7;
const LARGEST = 2n ** 256n - 1n;

/** k of a block so late: it must be found with 2^k times the target. */
export const easierBy = (lateSeconds: number, { rules }: Pick<Params, "rules">): number =>
  Math.max(0, Math.floor((lateSeconds * 1000 - 20 * rules.blockTimeMs) / (10 * rules.blockTimeMs)));

export function makeBlock(network: Network, me: Player, won: Unit): Block {
  const { params, agenda, players, chance } = network;
  const parent = won.block;
  const counted = new Places(parent, params);
  const carried = params.tasks.map((_, task) => carriedOf(network.deskOf(parent, task), me, won));
  const records = carried.flatMap((count, task) => leaderRecords(network.deskOf(parent, task), count, counted));
  const first = parent.first.map((at, task) => at + (carried[task] as number) + (task === won.task ? 1 : 0));
  records.push(closing({ network, me, won, counted }, (first[won.task] as number) - 1));
  const { target, used } = targetsAfter(parent, agenda.now, params);
  const block: Block = {
    height: parent.height + 1,
    parent,
    player: me.number,
    key: won.key,
    time: agenda.now,
    draw: chance.next(),
    target,
    expected: workOf(target),
    work: parent.work + workOf(used),
    first,
    carried,
    records,
    size: records.reduce((sum, { entries }) => sum + entries.length, 0),
    winning: won,
    audits: [],
    state: parent.state,
    credits: new Map(),
    leaderPay: new Map(),
    published: false,
    pool: [],
  };
  for (const { unit } of entriesOf(block)) unit.recorded.push(block);
  block.state = applyBlock(
    block,
    parent,
    params,
    players.map(({ purse }) => purse),
  );
  // Who shows forged units of own keys pays what these have to lose, less the winner's tenth, and the fee of each account.
  const lost = BigInt(me.strategy.shows) * ((params.switches.leastShown * 9n) / 10n + 10_000n);
  block.credits.set(won.key, (block.credits.get(won.key) ?? 0n) - lost);
  block.audits = drawAudits(network, block);
  return block;
}

/** The target that a block of this time must be below, and that of its child. */
function targetsAfter(parent: Block, now: number, params: Params): { target: Uint8Array; used: Uint8Array } {
  const solve = now - parent.time;
  const eased = toBigInt(parent.target) << BigInt(Math.min(256, easierBy(solve, params)));
  const used = fromBigInt(eased > LARGEST ? LARGEST : eased, 32);
  return { used, target: nextTarget(used, Math.max(1, Math.round(solve * 1000)), params.rules) };
}

function carriedOf(desk: Desk, me: Player, won: Unit): number {
  const seen = desk.leader === me ? desk.records.length : desk.heard;
  const needed = desk.task === won.task ? won.start - (desk.block.first[desk.task] as number) : 0;
  const most = desk.task === won.task ? Math.min(seen, needed + TAIL) : seen;
  return me.strategy.carries(needed, most, desk.block);
}

function leaderRecords({ records, task, block }: Desk, count: number, counted: Places): Record[] {
  return records.slice(0, count).map((units, i) => ({
    task,
    leader: block.key,
    entries: units.map((unit) => {
      counted.take(unit);
      return { unit, lag: (block.first[task] as number) + i - unit.start };
    }),
  }));
}

interface Winner {
  readonly network: Network;
  readonly me: Player;
  readonly won: Unit;
  readonly counted: Places;
}

/** The closing record: the winning contribution, and what else has come and stands in no record that was carried. */
function closing({ network, me, won, counted }: Winner, round: number): Record {
  const head = won.block;
  const desk = network.deskOf(head, won.task);
  const carried = round - (head.first[won.task] as number);
  const entries: Entry[] = [{ unit: won, lag: 0 }];
  for (let depth = 0; depth <= 2; depth++) {
    for (const unit of above(head, depth)?.pool ?? []) {
      if (entries.length >= MAX_ENTRIES) break;
      const own = isOwn(unit, me);
      if (unit === won || unit.task !== won.task || (unit.heardAt > network.agenda.now && !own)) continue;
      if (unit.stands.some((stand) => stand.desk === desk && stand.at < carried)) continue;
      if (!mayRecord(unit, head, round, network.params) || !(own || me.strategy.closes(unit, me, head))) continue;
      if (counted.take(unit)) entries.push({ unit, lag: round - unit.start });
    }
  }
  return { task: won.task, leader: undefined, entries };
}

/** Which of the parent's contributions this block's beacon has audited, and what the drawn attesters say of them. */
function drawAudits(network: Network, block: Block): Audit[] {
  const { chance, params } = network;
  const { parent } = block;
  if (parent === undefined) return [];
  const audits: Audit[] = [];
  for (const { unit } of entriesOf(parent)) {
    if (unit === parent.winning || chance.next() * params.rules.auditOneIn >= 1) continue;
    const count = params.rules.attesters * (chance.next() < 1 / 8 ? 2 : 1);
    const drawn = drawKeys(network, parent, unit, count);
    const words = drawn.flatMap((key) => wordOf(network, key, unit, drawn.length === 1) ?? []);
    audits.push({ unit, words });
  }
  return audits;
}

/** Attesters by stake, without replacement, never the author. */
function drawKeys(
  { chance, params, owners }: Network,
  { state }: Block,
  { key: author }: Unit,
  count: number,
): number[] {
  const left = owners.flatMap((_, key) => {
    const stake = collateralOf(state, key);
    return key === author || stake < params.rules.minCollateral ? [] : [{ key, weight: Number(stake) }];
  });
  const drawn: number[] = [];
  while (drawn.length < count && left.length > 0) {
    let at = chance.next() * left.reduce((sum, { weight }) => sum + weight, 0);
    let index = 0;
    for (; index < left.length - 1; index++) {
      at -= (left[index] as { weight: number }).weight;
      if (at < 0) break;
    }
    drawn.push(...left.splice(index, 1).map(({ key }) => key));
  }
  return drawn;
}

function wordOf(
  { players, owners, chance, params }: Network,
  key: number,
  unit: Unit,
  isAlone: boolean,
): Audit["words"][number] | undefined {
  const owner = players[owners[key] as number] as Player;
  // It ran the unit itself, or says that it did: that costs nothing.
  if (isOwn(unit, owner)) return { key, kind: "friend" };
  if (owner.strategy.attests === "silent") return undefined;
  const { attests } = owner.strategy;
  if (attests === "made up" || (attests === "made up where alone" && isAlone)) return { key, kind: "made up" };
  if (chance.next() >= params.switches.auditsDone) return undefined;
  owner.owed += 1;
  return { key, kind: "worked" };
}
