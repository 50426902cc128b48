// Rows 1 and 2: a step of the exact graph over one of the plain float32 graph, and over one of PyTorch, for each model and batch.
import { type Architecture, architecture, MODELS } from "../../src/ml/index.ts";
import { type Contestant, each, interleave, ratio, type Sample, spread } from "./measure.ts";
import { openTorch, type Torch } from "./pytorch.ts";
import { atMost, type Bench, figure, type Row, skipped } from "./rows.ts";
import { type Stepper, Workshop } from "./stepper.ts";

/** Batch, and what an exact step may cost in float32 steps there. */
const BATCHES = [
  [32, 1.5],
  [128, 1.2],
] as const;
const TORCH_GOAL = 0.75;
/** One call is about this long: short calls in many rounds bear a shared machine best. */
const CALL_MS = { quick: 100, full: 350 };
const ROUNDS = { quick: 5, full: 13 };
const STEPS = { least: 4, most: 50 };

interface Pairing {
  readonly model: Architecture;
  readonly batch: number;
  readonly goal: number;
}

const nameOf = (group: "steps" | "torch", { model, batch }: Pairing): string => `${group}/${model.name}/${batch}`;
const whatOf = (other: string, { model, batch }: Pairing): string => `${model.name}, batch ${batch}: exact / ${other}`;

/** Steps of a call, from two short ones: the first warms up. */
async function stepsPerCall(one: Stepper, callMs: number): Promise<number> {
  await one.run(2)();
  const { wallMs } = await one.run(STEPS.least)();
  return Math.max(STEPS.least, Math.min(STEPS.most, Math.round(callMs / wallMs)));
}

/** Wall time says the same on a quiet machine; processor time still says it on a busy one. */
function against(
  [name, what, goal]: readonly [name: string, what: string, goal: number],
  exact: readonly Sample[],
  other: readonly Sample[],
  detail: { readonly [name: string]: number | string },
): Row {
  const ms = (samples: readonly Sample[]): number => spread(each(samples, "cpuMs")).median;
  const byWall = ratio(exact, other, "wallMs").median;
  return figure({ name, what, unit: "ratio" }, ratio(exact, other, "cpuMs"), {
    goal: atMost(goal),
    detail: { "ms a step": `${ms(exact).toPrecision(3)} / ${ms(other).toPrecision(3)}`, "by wall": byWall, ...detail },
  });
}

async function compare(shop: Workshop, pairing: Pairing, torch: Torch | undefined, bench: Bench): Promise<Row[]> {
  const { model, batch, goal } = pairing;
  const exact = await shop.stepper(model, { batch, lowering: "exact" });
  const float32 = await shop.stepper(model, { batch, lowering: "float32" });
  await torch?.prepare(model, batch);
  const size = bench.quick ? "quick" : "full";
  const steps = await stepsPerCall(exact, CALL_MS[size]);
  const contestants: Contestant[] = [exact.run(steps), float32.run(steps)];
  if (torch !== undefined) contestants.push(() => torch.run(steps));
  const [ours = [], plain = [], theirs = []] = await interleave(contestants, ROUNDS[size]);
  await Promise.all([exact.close(), float32.close()]);
  const rows = [against([nameOf("steps", pairing), whatOf("float32", pairing), goal], ours, plain, { steps })];
  if (torch !== undefined)
    rows.push(
      against([nameOf("torch", pairing), whatOf("PyTorch", pairing), TORCH_GOAL], ours, theirs, {
        steps,
        with: torch.version,
      }),
    );
  return rows;
}

/** `steps/<model>/<batch>` and `torch/<model>/<batch>`. */
export async function stepRows(bench: Bench): Promise<Row[]> {
  const pairings = MODELS.flatMap((name) =>
    BATCHES.map(([batch, goal]): Pairing => ({ model: architecture(name), batch, goal })),
  );
  const wanted = (pairing: Pairing): boolean =>
    bench.wants(nameOf("steps", pairing)) || bench.wants(nameOf("torch", pairing));
  if (!pairings.some(wanted)) return [];
  const shop = await Workshop.open();
  const torch = pairings.some((pairing) => bench.wants(nameOf("torch", pairing))) ? await openTorch() : undefined;
  const usable = torch !== undefined && "run" in torch ? torch : undefined;
  const rows: Row[] = [];
  try {
    for (const pairing of pairings.filter(wanted)) {
      bench.progress(`${pairing.model.name}, batch ${pairing.batch}`);
      rows.push(...(await compare(shop, pairing, usable, bench)));
      if (torch !== undefined && "absent" in torch)
        rows.push(skipped(nameOf("torch", pairing), whatOf("PyTorch", pairing), torch.absent));
    }
  } finally {
    usable?.close();
  }
  return rows.filter(({ name }) => bench.wants(name));
}
