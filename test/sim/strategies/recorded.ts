// How much of the work of an honest network ends up in records, and how much of the machines' time becomes work.
import { type Params, powerOf } from "./params.ts";
import { HONEST } from "./strategy.ts";
import type { Block, Strategy } from "./types.ts";
import { World } from "./world.ts";

export interface Recorded {
  /** Units in records over units that were finished. */
  readonly ofWork: number;
  /** Units that were finished over those that the time was enough for. */
  readonly ofTime: number;
}

export function recordedOf(params: Params, blocks: number, seed: number, honest: Strategy = HONEST): Recorded {
  const settlers = params.machines.map((seconds) => ({ strategy: honest, lanes: [seconds] }));
  const world = new World(params, settlers, seed);
  const blockTime = params.rules.blockTimeMs / 1000;
  const finished = (): number => world.players.reduce((sum, { units }) => sum + units, 0);
  world.run(30 * blockTime);
  const from = { finished: finished(), height: world.head.height };
  world.run((30 + blocks) * blockTime);
  let recorded = 0;
  for (let at: Block | undefined = world.head; at !== undefined && at.height > from.height; at = at.parent)
    recorded += at.size;
  const work = finished() - from.finished;
  return { ofWork: recorded / work, ofTime: work / (powerOf(params.machines) * blockTime * blocks) };
}
