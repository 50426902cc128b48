// Who trains what from which state: a network in virtual time says it, without training (test/sim/strategies).
import type { Params } from "../strategies/params.ts";
import { HONEST } from "../strategies/strategy.ts";
import type { Block, Strategy } from "../strategies/types.ts";
import { World } from "../strategies/world.ts";

/** The first season warms the target, the stakes and the leaders' expectations up; what is learnt begins with the second. */
const SEASON = 1;

/** A contribution in a record. */
export interface Trained {
  /** Number of the common state that it starts from. */
  readonly start: number;
  /** Rounds between its start and its record. */
  readonly lag: number;
}

/** Makes state `round + 1` of state `round`. */
export interface ScheduledRecord {
  readonly round: number;
  readonly entries: readonly Trained[];
}

export interface Schedule {
  /** Number of the state that the season begins with. */
  readonly first: number;
  /** Of the season's branch, in order. */
  readonly records: readonly ScheduledRecord[];
  /** Contributions in records over units that were finished. */
  readonly recorded: number;
  /** Units that were finished a second, and over those that the machines' time was enough for: the rest is checks and dropped units. */
  readonly rate: number;
  readonly ofTime: number;
  /** Blocks that a block time brought, and the longest time without one, in block times. */
  readonly blocks: number;
  readonly longestGap: number;
}

/** Lives through two seasons of a network, each of whose machines has one lane, and tells what the second trained. */
export function scheduleOf(params: Params, seed: number, strategy: Strategy = HONEST): Schedule {
  const { seasonBlocks, blockTimeMs } = params.rules;
  const settlers = params.machines.map((seconds) => ({ strategy, lanes: [seconds] }));
  const world = new World(params, settlers, seed);
  const blockTime = blockTimeMs / 1000;
  const finished = (): number => world.players.reduce((sum, { units }) => sum + units, 0);
  const kept = new Map<Block, readonly ScheduledRecord[]>();
  const until = (height: number): void => {
    while (world.head.height < height) {
      world.run(world.agenda.now + blockTime / 10);
      keep(world.head, kept);
    }
  };
  until(SEASON * seasonBlocks);
  const from = { finished: finished(), at: world.agenda.now };
  until((SEASON + 1) * seasonBlocks);
  const seconds = world.agenda.now - from.at;
  const work = finished() - from.finished;
  const blocks = branchOf(world.head, SEASON * seasonBlocks);
  const records = blocks.slice(1).flatMap((block) => kept.get(block) ?? []);
  const power = params.machines.reduce((sum, unit) => sum + 1 / unit, 0);
  const gaps = blocks.slice(1).map(({ time }, i) => time - (blocks[i] as Block).time);
  return {
    first: (blocks[0] as Block).first[0] as number,
    records,
    recorded: records.reduce((sum, { entries }) => sum + entries.length, 0) / work,
    rate: work / seconds,
    ofTime: work / (power * seconds),
    blocks: ((blocks.length - 1) * blockTime) / seconds,
    longestGap: Math.max(...gaps) / blockTime,
  };
}

/** The head's ancestors down to that height, lowest first. */
function branchOf(head: Block, height: number): Block[] {
  const blocks: Block[] = [];
  for (let at: Block | undefined = head; at !== undefined && at.height >= height; at = at.parent) blocks.push(at);
  return blocks.reverse();
}

/** Keeps the records of a branch: the world forgets those of blocks that lie far back. */
function keep(head: Block, kept: Map<Block, readonly ScheduledRecord[]>): void {
  for (let at: Block | undefined = head; at !== undefined && !kept.has(at); at = at.parent) kept.set(at, recordsOf(at));
}

/** The records of a block; those of a network of one task follow each other. */
function recordsOf({ parent, records }: Block): ScheduledRecord[] {
  const first = parent?.first[0] as number;
  return records.map(({ entries }, i) => ({
    round: first + i,
    entries: entries.map(({ unit, lag }) => ({ start: unit.start, lag })),
  }));
}
