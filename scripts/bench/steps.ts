// The step rows: a step of the exact graph over one of the plain float32 graph with every optimisation, over one of PyTorch, in each
// lowering, and on WASM. Every contestant is a process of its own with one thread; they run in turn, and only ratios within a round count.
import { fileURLToPath } from "node:url";
import { type Lowering, sizeOf } from "../../src/ml/graph/index.ts";
import { architecture } from "../../src/ml/index.ts";
import { LineChild } from "./line-child.ts";
import { type Contestant, each, interleave, ratio, type Sample, spread } from "./measure.ts";
import { GOALS, LOWERINGS, type Pairing, pairings, TWIN } from "./pairings.ts";
import { openTorch } from "./pytorch.ts";
import { atMost, type Bench, type Figure, figure, type Goal, type Row, skipped } from "./rows.ts";
import { type Runner, runnerOf, type StepsAnswer } from "./runner.ts";
import type { StepJob } from "./step-child.ts";

const CHILD = fileURLToPath(new URL("./step-child.ts", import.meta.url));
/** One call is about this long: short calls in many rounds bear a shared machine best. */
const CALL_MS = { quick: 100, full: 350 };
const ROUNDS = { quick: 5, full: 13 };
/** Each runs so long before it is timed: WebAssembly is compiled again, by other threads, while it runs at first. */
const WARM_MS = { quick: 500, full: 3000 };
const STEPS = { least: 2, most: 50 };

/** What our step is compared with; the row's name is `<group>/<model>/<batch>`. */
type Group = "steps" | "torch" | "lowering" | "wasm";
const nameOf = (group: Group, { model, batch }: Pairing): string => `${group}/${model}/${batch}`;
const whatOf = (over: string, { model, batch }: Pairing): string => `${model}, batch ${batch}: ${over}`;

async function openRunner(prepare: StepJob): Promise<Runner> {
  const args = ["--import", "tsx", CHILD];
  const child = new LineChild<StepsAnswer & { readonly about: string; readonly idleMb: number }>({
    command: process.execPath,
    args,
    env: process.env,
  });
  try {
    const { about, idleMb } = await child.ask({ prepare });
    return runnerOf(about, idleMb, child);
  } catch (error) {
    child.close();
    throw error;
  }
}

/** Steps of a call, from two short ones: the first warms up. */
async function stepsPerCall(one: Runner, callMs: number): Promise<number> {
  await one.run(STEPS.least);
  const { wallMs } = await one.run(STEPS.least);
  return Math.max(STEPS.least, Math.min(STEPS.most, Math.round(callMs / wallMs)));
}

async function warmUp(one: Runner, steps: number, ms: number): Promise<void> {
  const begin = performance.now();
  do await one.run(steps);
  while (performance.now() - begin < ms);
}

/** One of those that run in turn. */
interface Entry {
  readonly group: Group | undefined;
  readonly over: string;
  readonly goal: Goal | undefined;
  readonly runner: Runner;
}

/** Wall time says the same on a quiet machine; processor time still says it on a busy one. */
function rowOf(
  pairing: Pairing,
  [ours, other]: readonly [Entry, Entry],
  [a, b]: readonly [readonly Sample[], readonly Sample[]],
  parameters: number,
): Figure {
  const ms = (samples: readonly Sample[]): string => spread(each(samples, "cpuMs")).median.toPrecision(3);
  const mb = ({ runner }: Entry): string => runner.memoryMb().toFixed(0);
  // A step on WASM is over a native one; all else is ours over another.
  const [upper, lower] = other.group === "wasm" ? ([b, a] as const) : ([a, b] as const);
  const [first, second] = other.group === "wasm" ? [other, ours] : [ours, other];
  return figure(
    { name: nameOf(other.group as Group, pairing), what: whatOf(other.over, pairing), unit: "ratio" },
    ratio(upper, lower, "cpuMs"),
    {
      ...(other.goal === undefined ? {} : { goal: other.goal }),
      detail: {
        "ms a step": `${ms(upper)} / ${ms(lower)}`,
        MB: `${mb(first)} / ${mb(second)}`,
        "by wall": ratio(upper, lower, "wallMs").median,
        parameters,
        with: second.runner.about,
      },
    },
  );
}

/** What is opened beside our own step: group, how its row is called, its goal, and how it is run. */
type Planned = Omit<Entry, "runner"> & { readonly job: Pick<StepJob, "lowering" | "provider" | "level"> };

/** Ours comes first. */
function plan(wants: (group: Group) => boolean): readonly Planned[] {
  const [lowering, ...others] = LOWERINGS as readonly [Lowering, ...Lowering[]];
  const float32 = { group: "steps", over: `${lowering} / float32`, goal: atMost(GOALS.float32) } as const;
  const wasm = { group: "wasm", over: `${lowering} on WASM / native`, goal: atMost(GOALS.wasm) } as const;
  const beside = others.map((other): Planned => {
    return { group: "lowering", over: `${lowering} / ${other}`, goal: undefined, job: { lowering: other } };
  });
  const all: readonly Planned[] = [
    { ...float32, job: { lowering: TWIN, level: "all" } },
    ...beside,
    { ...wasm, job: { lowering, provider: "wasm" } },
  ];
  const ours: Planned = { group: undefined, over: "", goal: undefined, job: { lowering } };
  return [ours, ...all.filter(({ group }) => group !== undefined && wants(group))];
}

/** Opens everything that a pairing is measured with; the rows are of what is not here. */
async function openAll(pairing: Pairing, bench: Bench, entries: Entry[]): Promise<readonly Row[]> {
  const { model, batch, heads } = pairing;
  const wants = (group: Group): boolean => bench.wants(nameOf(group, pairing));
  for (const { job, ...entry } of plan(wants))
    entries.push({ ...entry, runner: await openRunner({ model, batch, ...job }) });
  if (!wants("torch")) return [];
  const over = `${LOWERINGS[0]} / PyTorch`;
  const torch = await openTorch({ model: architecture(model), batch, heads });
  if ("absent" in torch) return [skipped(nameOf("torch", pairing), whatOf(over, pairing), torch.absent)];
  entries.push({ group: "torch", over, goal: atMost(pairing.torch), runner: torch });
  return [];
}

async function compare(pairing: Pairing, bench: Bench): Promise<readonly Row[]> {
  const parameters = architecture(pairing.model).parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const entries: Entry[] = [];
  try {
    const missing = await openAll(pairing, bench, entries);
    const [ours, ...others] = entries as [Entry, ...Entry[]];
    const size = bench.quick ? "quick" : "full";
    const steps = await stepsPerCall(ours.runner, CALL_MS[size]);
    for (const { runner } of entries) await warmUp(runner, steps, WARM_MS[size]);
    const contestants = entries.map(
      ({ runner }): Contestant =>
        () =>
          runner.run(steps),
    );
    const [own = [], ...samples] = await interleave(contestants, ROUNDS[size]);
    const rows = others.map((other, i) =>
      rowOf(pairing, [ours, other], [own, samples[i] as readonly Sample[]], parameters),
    );
    return [...rows, ...missing];
  } finally {
    for (const { runner } of entries) runner.close();
  }
}

/** `steps`, `torch`, `lowering` and `wasm`, each `/<model>/<batch>`. */
export async function stepRows(bench: Bench): Promise<Row[]> {
  const groups: readonly Group[] = ["steps", "torch", "lowering", "wasm"];
  const rows: Row[] = [];
  for (const pairing of pairings()) {
    if (!groups.some((group) => bench.wants(nameOf(group, pairing)))) continue;
    bench.progress(`${pairing.model}, batch ${pairing.batch}`);
    rows.push(...(await compare(pairing, bench)));
  }
  return rows;
}
