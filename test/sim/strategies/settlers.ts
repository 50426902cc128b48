// How a network begins: its genesis, players with their lanes, keys and stakes.
import { fromBigInt } from "../../../src/base/index.ts";
import { shareOf, workOf } from "../../../src/chain/index.ts";
import { NOTHING } from "./ledger.ts";
import { type Params, powerOf } from "./params.ts";
import type { Account, Block, Desk, Network, Player, Strategy } from "./types.ts";

export interface Settler {
  readonly strategy: Strategy;
  /** Seconds of a unit on each of its lanes. */
  readonly lanes: readonly number[];
}

/** Units that a block takes at first: some four fifths of the time go into units that count. */
const unitsOfBlock = (power: number, { rules }: Params): number =>
  Math.max(1, Math.round((power * rules.blockTimeMs * 0.8) / 1000));

export function genesisFor(params: Params, settlers: readonly Settler[], accounts: readonly Account[]): Block {
  const units = unitsOfBlock(
    settlers.reduce((sum, { lanes }) => sum + powerOf(lanes), 0),
    params,
  );
  const target = fromBigInt(2n ** 256n / (BigInt(units) * BigInt(params.tasks[0]?.nonces ?? 1)) - 1n, 32);
  const none = params.tasks.map(() => 0);
  const nothing = { records: [], winning: undefined, audits: [], credits: new Map(), leaderPay: new Map(), pool: [] };
  return {
    ...{ height: 0, parent: undefined, player: 0, key: 0, time: 0, draw: 1, size: 0, published: true },
    ...{ target, expected: workOf(target), work: 0n, first: none, carried: none },
    ...nothing,
    state: { accounts, found: [] },
  };
}

/** The stake that a player's contributions need, all paid in full: a forger has no more at risk than that. */
export function neededStake(power: number, ofAll: number, { rules, tasks, switches }: Params): bigint {
  const nonces = tasks[0]?.nonces ?? 1;
  const expected = BigInt(unitsOfBlock(ofAll, { rules } as Params) * nonces);
  const forPay = shareOf("contributions", { expected, nonces }, rules) * 8n * BigInt(rules.auditOneIn);
  const places = BigInt(Math.ceil((1.3 * power * rules.blockTimeMs) / 1000));
  const forPlaces = (places * rules.minCollateral) / 8n + 1n;
  const most = [forPay, forPlaces, rules.minCollateral * switches.collateralTimes].reduce((a, b) => (a > b ? a : b));
  return most / switches.collateralTimes;
}

/** Fills the network with players, all of whom work on the genesis block. */
export function settleIn(network: Network, settlers: readonly Settler[]): Block {
  const { params, owners, players } = network;
  const ofAll = settlers.reduce((sum, { lanes }) => sum + powerOf(lanes), 0);
  const accounts: Account[] = [];
  const genesis = genesisFor(params, settlers, accounts);
  for (const [number, { strategy, lanes }] of settlers.entries()) {
    const fresh = { sentOn: undefined, sent: 0, hidden: [], rival: 0, luck: 0, units: 0, dropped: 0, owed: 0 };
    const races = { count: 0, followers: 0 };
    const player: Player = {
      ...{ number, strategy, lanes: [], purse: [], keys: [], forger: undefined, head: genesis },
      ...{ ...fresh, races },
    };
    players.push(player);
    const power = powerOf(lanes);
    const own = BigInt(Math.round(power * Number(params.stakePerPower)));
    const { forges, keys } = strategy;
    const open = (wealth: bigint, keep: bigint | "all"): number => {
      const stake = keep === "all" || keep > wealth ? wealth : keep;
      accounts.push({ ...NOTHING, stake, liquid: wealth - stake });
      owners.push(number);
      player.purse.push({ key: accounts.length - 1, keep });
      return accounts.length - 1;
    };
    const keep = forges !== undefined && forges.keep === undefined ? neededStake(power, ofAll, params) : "all";
    for (let i = 0; i < keys; i++) player.keys.push(open(own / BigInt(keys), keep));
    if (forges?.keep !== undefined) player.forger = open(forges.keep, forges.keep);
    addLanes(network, player, lanes, genesis);
  }
  return genesis;
}

function addLanes({ lanes: all, params }: Network, player: Player, lanes: readonly number[], block: Block): void {
  const { splits, keys, task } = player.strategy;
  for (const whole of lanes) {
    for (let i = 0; i < splits; i++) {
      const number = all.length;
      const lane = {
        ...{ number, player, slot: number % keys, seconds: whole * splits, task: task(number, params.tasks.length) },
        ...{ block, start: 0, index: 0, beganAt: 0, endsAt: 0, token: 0, busy: false },
        ...{ lastRound: Number.NEGATIVE_INFINITY, lastTime: Number.NEGATIVE_INFINITY, lastLag: 0 },
      };
      all.push(lane);
      player.lanes.push(lane);
    }
  }
}

/** One desk for each task on a block. */
export const desksOn = (block: Block, leader: Player, { params, agenda }: Network): Desk[] =>
  params.tasks.map((_, task) => ({
    ...{ block, task, leader, records: [], heard: 0, pending: [], openedAt: agenda.now },
    ...{ present: new Set<number>(), timed: false },
  }));
