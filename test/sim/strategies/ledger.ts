// Money of the model: what a block pays by the real functions of pay, collateral, what an offence takes (protocol sections 4 to 6).
import {
  attesterPay,
  boundAttesterPay,
  carriedPay,
  contributionPay,
  leaderPay,
  type Measure,
  maxContributionsOf,
  winnerPay,
} from "../../../src/chain/index.ts";
import { above, keysOf } from "./block.ts";
import type { Params } from "./params.ts";
import { splitReward } from "./presence.ts";
import type { Account, Audit, Block, Entry, Purse, State } from "./types.ts";

export const NOTHING: Account = { liquid: 0n, stake: 0n, unbonding: [], voidTo: -1, banned: false };

const accountOf = (accounts: readonly Account[], key: number): Account => accounts[key] ?? NOTHING;

/** C(key) of a state. */
export const collateralOf = ({ accounts }: State, key: number): bigint => accountOf(accounts, key).stake;

/** Contributions of a key that a block on this state may hold. */
export function placesOf(state: State, key: number, { rules, switches }: Params): number {
  const { stake, banned } = accountOf(state.accounts, key);
  if (banned || stake < rules.minCollateral) return 0;
  return Number(maxContributionsOf(stake * switches.collateralTimes, rules));
}

/** D and a of the block that a unit was run on. */
export const measureOf = ({ unit }: Entry, { tasks }: Params): Measure => ({
  expected: unit.block.expected,
  nonces: tasks[unit.task]?.nonces ?? 0,
});

/** Applies a block to its parent's state. Its credits and leaders' pay are filled in. */
export function applyBlock(block: Block, parent: Block, params: Params, purses: readonly Purse[]): State {
  const next = [...parent.state.accounts];
  const change = (key: number, to: Partial<Account>): void => {
    while (next.length <= key) next.push(NOTHING);
    next[key] = { ...accountOf(next, key), ...to };
  };
  mature(block, params, next, change);
  if (params.switches.pay === "presence") payPresence(block, params);
  else payWork(block, parent, params, { next, change });
  for (const { key, amount } of revealsOf(block, params)) credit(block, key, amount);
  const offenders = [...parent.state.found, ...forgersOf(block), ...liarsOf(block, params)];
  const found = punish(block, offenders, { params, next, change, purses });
  for (const purse of purses) settle(purse, block, params, { next, change });
  return { accounts: next, found };
}

type Change = (key: number, to: Partial<Account>) => void;

interface Working {
  readonly next: readonly Account[];
  readonly change: Change;
}

function credit({ credits }: Block, key: number, amount: bigint): void {
  credits.set(key, (credits.get(key) ?? 0n) + amount);
}

function mature(block: Block, { rules }: Params, next: readonly Account[], change: Change): void {
  const old = above(block, rules.maturity);
  for (const [key, amount] of old?.credits ?? []) {
    const { liquid, voidTo } = accountOf(next, key);
    // What a leader has to give back may be more than it got: a debt.
    if ((old as Block).height > voidTo || amount < 0n) change(key, { liquid: liquid + amount });
  }
  for (const [key, { liquid, unbonding }] of next.entries()) {
    const first = unbonding[0];
    if (first !== undefined && first.until <= block.height)
      change(key, { liquid: liquid + first.amount, unbonding: unbonding.slice(1) });
  }
}

function payWork(block: Block, parent: Block, params: Params, { next, change }: Working): void {
  const { rules, switches } = params;
  change(block.key, { stake: accountOf(next, block.key).stake + winnerPay(rules) });
  const known = new Map<number, bigint>();
  for (const { leader, entries } of block.records) {
    for (const entry of entries) {
      const { unit, lag } = entry;
      const checked = unit === block.winning;
      // Authors, lags, blocks and tasks are few: each kind is computed once.
      const kind =
        (((unit.key * 8 + lag) * 4 + block.height - unit.block.height) * 2 + unit.task) * 2 + (checked ? 1 : 0);
      let pay = known.get(kind);
      if (pay === undefined) {
        const bound = checked ? "checked" : collateralOf(parent.state, unit.key) * switches.collateralTimes;
        pay = contributionPay(lag, measureOf(entry, params), bound, rules);
        known.set(kind, pay);
      }
      credit(block, unit.key, pay);
      const parts = carriedPay(leaderPay(pay, rules));
      credit(block, block.key, parts.winner);
      if (leader !== undefined) payLeader(block, leader, unit.key, parts.earner);
    }
  }
}

function payLeader(block: Block, leader: number, author: number, amount: bigint): void {
  credit(block, leader, amount);
  const of = block.leaderPay.get(author) ?? new Map<number, bigint>();
  of.set(leader, (of.get(leader) ?? 0n) + amount);
  block.leaderPay.set(author, of);
}

/** The rule of version 0.1: the parts are divided among those who are there. */
function payPresence(block: Block, { rules }: Params): void {
  const address = (key: number): Uint8Array => Uint8Array.of(key >> 8, key & 255);
  const records = block.records.map(({ leader, entries }) => ({
    leader: address(leader ?? block.key),
    contributions: entries.map(({ unit }) => ({ author: address(unit.key) })),
  }));
  const split = { contributions: 600, leader: 100 };
  const rewards = splitReward({ subsidy: rules.subsidy, fees: 0n }, address(block.key), records as never, split);
  for (const { address: to, amount } of rewards) credit(block, (to[0] as number) * 256 + (to[1] as number), amount);
}

/** Contributions of h are drawn in h+1, committed to from h+2 on, opened from h+7 on: what the words opened in this block pay. */
function revealsOf(block: Block, params: Params): { key: number; amount: bigint }[] {
  const { rules, switches } = params;
  const paid = { ...rules, split: { ...rules.split, attestations: switches.attestations } };
  const drawn = above(block, 6);
  const reveals: { key: number; amount: bigint }[] = [];
  if (drawn?.parent === undefined) return reveals;
  for (const { unit, words } of drawn.audits) {
    const whole = attesterPay(measureOf({ unit, lag: 0 }, params), paid);
    for (const { key } of words) {
      if (accountOf(block.state.accounts, key).banned) continue;
      // The collateral of the draw: of the block that recorded.
      const collateral = collateralOf(drawn.parent.state, key);
      const { earner, winner } = carriedPay(boundAttesterPay(whole, collateral));
      reveals.push({ key, amount: earner }, { key: block.key, amount: winner });
    }
  }
  return reveals;
}

const isWorked = ({ words }: Audit): boolean => words.some(({ kind }) => kind === "worked");

/** Who forged a unit of h is shown in h+3: its attesters have had time to run it since h+1. */
const forgersOf = (block: Block): number[] =>
  (above(block, 2)?.audits ?? []).filter((audit) => audit.unit.forged && isWorked(audit)).map(({ unit }) => unit.key);

/** Who opened a false word in h+7 is shown in h+8, by another attester or by the author, who knows the trace of a unit that it ran. */
const liarsOf = (block: Block, { switches }: Params): number[] =>
  (above(block, 7)?.audits ?? [])
    .filter((audit) => isWorked(audit) || (switches.authorsCompare && !audit.unit.forged))
    .flatMap(({ unit, words }) =>
      words.filter(({ kind }) => kind === "made up" || (kind === "friend" && unit.forged)).map(({ key }) => key),
    );

/** A block's evidence is about so many units at most. */
const MAX_SHOWN = 2;

/** Takes all that the offenders have at risk; a block's own miner does not carry evidence against itself, and what there is no room for waits. */
function punish(
  block: Block,
  found: readonly number[],
  working: Working & { params: Params; purses: readonly Purse[] },
) {
  const own = keysOf(working.purses[block.player] ?? []);
  const left: number[] = [];
  let shown = 0;
  for (const key of new Set(found)) {
    if (accountOf(working.next, key).banned) continue;
    if (own.includes(key) || shown === MAX_SHOWN) {
      left.push(key);
      continue;
    }
    shown++;
    take(block, key, working);
  }
  return left;
}

function take(block: Block, key: number, { next, change, params }: Working & { params: Params }): void {
  const { stake, unbonding, voidTo } = accountOf(next, key);
  let taken = stake + unbonding.reduce((sum, { amount }) => sum + amount, 0n);
  let at: Block | undefined = block;
  for (let i = 0; i < params.rules.maturity && at !== undefined && at.height > voidTo; i++, at = at.parent) {
    taken += at.credits.get(key) ?? 0n;
    // Leaders' pay is void with the contribution's.
    for (const [leader, amount] of at.leaderPay.get(key) ?? []) if (leader !== key) credit(block, leader, -amount);
  }
  change(key, { stake: 0n, unbonding: [], voidTo: block.height, banned: true });
  credit(block, block.key, taken / 10n);
}

/** Brings each key's collateral to what its owner wants, out of the free money of all its keys. */
function settle(purse: Purse, { height }: Block, { rules }: Params, { next, change }: Working): void {
  for (const { key, keep } of purse) {
    const { stake, unbonding, banned } = accountOf(next, key);
    if (banned || keep === "all" || stake === keep) continue;
    if (stake < keep) fill(key, keep - stake, purse, { next, change });
    else
      change(key, {
        stake: keep,
        unbonding: [...unbonding, { until: height + rules.unbonding, amount: stake - keep }],
      });
  }
  const rest = purse.find(({ key, keep }) => keep === "all" && !accountOf(next, key).banned);
  if (rest !== undefined) fill(rest.key, undefined, purse, { next, change });
}

/** Moves free money of a player to a key's stake: so much, or all. */
function fill(key: number, missing: bigint | undefined, purse: Purse, { next, change }: Working): void {
  let moved = 0n;
  for (const { key: from } of purse) {
    const { liquid } = accountOf(next, from);
    const part = missing === undefined || liquid < missing - moved ? liquid : missing - moved;
    if (part <= 0n) continue;
    change(from, { liquid: liquid - part });
    moved += part;
  }
  if (moved > 0n) change(key, { stake: accountOf(next, key).stake + moved });
}

/** All that the keys own on this branch, immature money included. */
export function wealthOf(head: Block, keys: readonly number[], { rules }: Params): bigint {
  const { accounts } = head.state;
  let sum = 0n;
  for (const key of keys) {
    const { liquid, stake, unbonding } = accountOf(accounts, key);
    sum += liquid + stake + unbonding.reduce((all, { amount }) => all + amount, 0n);
  }
  let at: Block | undefined = head;
  for (let i = 0; i < rules.maturity && at !== undefined; i++, at = at.parent) {
    for (const key of keys) {
      const amount = at.credits.get(key) ?? 0n;
      if (at.height > accountOf(accounts, key).voidTo || amount < 0n) sum += amount;
    }
  }
  return sum;
}
