// Income of a strategy against the honest one: the same share, network and seeds, many of them; mean ratio and standard error.
import { keysOf } from "./block.ts";
import { wealthOf } from "./ledger.ts";
import { lanesFor, type Params, powerOf } from "./params.ts";
import { HONEST } from "./strategy.ts";
import type { Block, Player, Strategy } from "./types.ts";
import { World } from "./world.ts";

/**
 * Chance that is taken off the income, in coins, so that fewer runs show more. Wins less expected wins are 0 on average whatever
 * the strategy, so these constants bias nothing: about what a win brings beyond its unit's pay, and what a block pays in all;
 * a block more by luck of anybody is a block less later, since the target follows.
 */
const COINS_OF_A_WIN = 4;
const COINS_OF_A_BLOCK = 8.4;

export interface Length {
  /** Blocks' times that pass before income counts, and while it does. */
  readonly warmUp: number;
  readonly blocks: number;
  readonly seeds: number;
}

export interface Income {
  /** Coins of the deviator a block time, freed of the chance of its wins; and of all others for each unit of power. */
  readonly own: number;
  readonly others: number;
  /** Blocks of the chain, those of the deviator, and all that were won. */
  readonly blocks: number;
  readonly ownBlocks: number;
  readonly found: number;
  /** Races of two blocks of one height, and honest power that worked on its own one. The world itself is let go: it is large. */
  readonly races: Player["races"];
}

/** Lives through one network in which the last player, with this share of the power, follows the strategy. */
export function live(
  params: Params,
  strategy: Strategy,
  share: number,
  run: { length: Length; seed: number; honest?: Strategy },
): Income {
  const lanes = lanesFor(share, params.machines);
  const honest = params.machines.map((seconds) => ({ strategy: run.honest ?? HONEST, lanes: [seconds] }));
  const world = new World(params, [...honest, { strategy, lanes }], run.seed);
  const player = world.players.at(-1) as Player;
  const coins = (who: readonly Player[]): number =>
    who.reduce((sum, { purse }) => sum + Number(wealthOf(world.head, keysOf(purse), params)), 0) / 1e6;
  const blockTime = params.rules.blockTimeMs / 1000;
  const others = world.players.slice(0, -1);
  world.run(run.length.warmUp * blockTime);
  const luckOfAll = (): number => world.players.reduce((sum, { luck }) => sum + luck, 0) - world.recentLuck();
  const chance = (): number => COINS_OF_A_WIN * player.luck - COINS_OF_A_BLOCK * share * luckOfAll();
  const before = {
    own: coins([player]),
    others: coins(others),
    chance: chance(),
    height: world.head.height,
    found: world.found,
  };
  world.run((run.length.warmUp + run.length.blocks) * blockTime);
  const own = coins([player]) - before.own - (chance() - before.chance);
  const { ownBlocks, blocks } = countBlocks(world, player, before.height);
  return {
    own: own / run.length.blocks,
    others: (coins(others) - before.others) / run.length.blocks / powerOf(params.machines),
    ...{ blocks, ownBlocks, found: world.found - before.found, races: player.races },
  };
}

function countBlocks({ head }: World, { number }: Player, from: number) {
  let ownBlocks = 0;
  let at: Block | undefined = head;
  for (; at !== undefined && at.height > from; at = at.parent) if (at.player === number) ownBlocks++;
  return { ownBlocks, blocks: head.height - from };
}

export interface Ratio {
  readonly mean: number;
  readonly error: number;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function errorOf(values: readonly number[]): number {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1) / values.length);
}

/** The mean of some values over that of others, and its standard error. */
export function ratioOf(values: readonly number[], honest: readonly number[]): Ratio {
  const below = meanOf(honest);
  const mean = meanOf(values) / below;
  return { mean, error: Math.hypot(errorOf(values), mean * errorOf(honest)) / below };
}
