// Interleaved rounds and what is made of them. The machine's speed drifts and others share it, so contestants run in turn,
// forwards and backwards, and only ratios within one round are believed: the median of those, with its quartiles.

/** Milliseconds per step (or per whatever a contestant counts). */
export interface Sample {
  readonly wallMs: number;
  /** Processor time: what a busy neighbour disturbs least. */
  readonly cpuMs: number;
}
export type By = keyof Sample;

/** Median and quartiles. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export type Contestant = () => Promise<Sample>;

/** Linear interpolation between the two nearest of the sorted values; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export const spread = (values: readonly number[]): Spread => ({
  median: quantile(values, 0.5),
  low: quantile(values, 0.25),
  high: quantile(values, 0.75),
  count: values.length,
});

/** All contestants once a round, in turn, every second round backwards; one round before that does not count. */
export async function interleave(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<readonly (readonly Sample[])[]> {
  const samples: Sample[][] = contestants.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    const order = [...contestants.keys()];
    for (const i of round % 2 === 0 ? order : order.reverse()) {
      const sample = await (contestants[i] as Contestant)();
      if (round > 0) samples[i]?.push(sample);
    }
  }
  return samples;
}

export const each = (samples: readonly Sample[], by: By): number[] => samples.map((sample) => sample[by]);

/** Spread of a/b, round by round. */
export const ratio = (a: readonly Sample[], b: readonly Sample[], by: By): Spread =>
  spread(a.map((sample, i) => sample[by] / (b[i]?.[by] ?? Number.NaN)));

/** Runs `work` and says how long it took, per one of `count`. Processor time is that of the whole process. */
export async function timed(work: () => unknown, count = 1): Promise<Sample> {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  await work();
  const wallMs = (performance.now() - begin) / count;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000 / count };
}

/** A change below this is noise on a shared machine. */
const MARGIN = 0.1;

/**
 * Whether `now` is a regression against `before`: a tenth or more above it, and clear of its spread, so not by some bad rounds alone.
 * Both count something of which less is better.
 */
export const isSlower = (now: Spread, before: Spread): boolean =>
  now.median >= before.median * (1 + MARGIN) && now.low > before.high;
