// A table of strategies: each cell is the income over that of an honest miner of the same share in the same network.
import type { Params } from "./params.ts";
import { type Income, type Length, live, type Ratio, ratioOf } from "./run.ts";
import type { Case } from "./strategies.ts";
import { HONEST } from "./strategy.ts";
import type { Strategy } from "./types.ts";
import { withheldShare } from "./withholding.ts";

export interface Cell extends Ratio {
  readonly share: number;
  /** The same, each income over that of the others in its network: what it does to its part of all money. */
  readonly part: number;
  /** What the strategy may bring, noise aside. */
  readonly most: number;
  /** Part of the chain's blocks that are its own, and the part it had when it was honest. */
  readonly blocks: number;
  readonly honestBlocks: number;
  /** Part of the honest that follow it in a race. */
  readonly gamma: number;
  /** Blocks won for each that is on the chain. */
  readonly found: number;
}

export interface Row {
  readonly name: string;
  readonly does: string;
  readonly cells: readonly Cell[];
}

export interface Trial {
  readonly params: Params;
  readonly shares: readonly number[];
  readonly length: Length;
  /** What the other miners do, and what is compared with. */
  readonly honest?: Strategy;
}

/** Honest runs are compared with again and again, so there are more of them. */
const HONEST_TIMES = 3;
/** Half a per cent, and two and a half standard errors. */
const SLACK = 0.005;
const ERRORS = 2.5;

export const mayBe = ({ mean, error, most }: Cell): boolean => mean - most < ERRORS * error + SLACK;

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** Tries cases one after the other; `told` hears of each row. */
export function tableOf(cases: readonly Case[], trial: Trial, told: (row: Row) => void = () => undefined): Row[] {
  const { length, honest = HONEST } = trial;
  const known = new Map<unknown, Map<number, Income[]>>();
  const lives = (params: Params, strategy: Strategy, share: number, seeds: { from: number; count: number }): Income[] =>
    Array.from({ length: seeds.count }, (_, i) =>
      live(params, strategy, share, { length, seed: seeds.from + i, honest }),
    );
  return cases.map(({ strategy, within, most = 1, isPlain }) => {
    const count = isPlain ? Math.ceil(length.seeds / 2) : length.seeds;
    const params = within?.(trial.params) ?? trial.params;
    const bases = known.get(within) ?? new Map<number, Income[]>();
    known.set(within, bases);
    const cells = trial.shares.map((share) => {
      const base = bases.get(share) ?? lives(params, honest, share, { from: 0, count: HONEST_TIMES * length.seeds });
      bases.set(share, base);
      // Other seeds than the honest runs': the control's ratio would be 1 by itself.
      return cellOf(lives(params, strategy, share, { from: 1000, count }), base, share, most);
    });
    const row = { name: strategy.name, does: strategy.does, cells };
    told(row);
    return row;
  });
}

function cellOf(tried: readonly Income[], base: readonly Income[], share: number, most: number | "withholding"): Cell {
  const own = (runs: readonly Income[]): number[] => runs.map((run) => run.own);
  const part = (runs: readonly Income[]): number[] => runs.map((run) => run.own / run.others);
  const races = tried.map((run) => run.races);
  const gamma = sum(races.map(({ followers }) => followers)) / Math.max(1, sum(races.map(({ count }) => count)));
  const partOf = (runs: readonly Income[]): number =>
    sum(runs.map(({ ownBlocks }) => ownBlocks)) / sum(runs.map(({ blocks }) => blocks));
  const honestBlocks = partOf(base);
  return {
    ...ratioOf(own(tried), own(base)),
    ...{ share, gamma, part: ratioOf(part(tried), part(base)).mean },
    // The bound is of the power that counts: many lanes check a block once, so they have a larger part of the blocks.
    most: most === "withholding" ? Math.max(1, withheldShare(honestBlocks, gamma) / honestBlocks) : most,
    ...{ honestBlocks, blocks: partOf(tried) },
    found: sum(tried.map(({ found }) => found)) / sum(tried.map(({ blocks }) => blocks)),
  };
}
