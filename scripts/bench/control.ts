// The control: is this measurement able to see what it is there to see? The exact graph once more, which must not be called
// slower than itself, and the exact graph made to run six steps for every five counted, which must.
import { architecture } from "../../src/ml/index.ts";
import { type Contestant, interleave, isSlower, ratio, type Sample } from "./measure.ts";
import { type Bench, type Figure, figure } from "./rows.ts";
import { Workshop } from "./stepper.ts";

const MODEL = "digits-mlp";
const BATCH = 32;
const BURDEN = 1.2;
const STEPS = 100;
const ROUNDS = { quick: 9, full: 25 };

export interface Control {
  readonly rows: readonly Figure[];
  /** Why the bench cannot be believed in this run; undefined when it can. */
  readonly blind: string | undefined;
}

/** All as in the rows of steps: ratios to float32 steps of the same rounds. */
export async function control(bench: Bench): Promise<Control> {
  const shop = await Workshop.open();
  const model = architecture(MODEL);
  const open = (lowering: "int8" | "float32", burden = 1) => shop.stepper(model, { batch: BATCH, lowering, burden });
  const steppers = [await open("int8"), await open("float32"), await open("int8"), await open("int8", BURDEN)];
  const contestants = steppers.map((one): Contestant => one.run(STEPS));
  const samples = await interleave(contestants, bench.quick ? ROUNDS.quick : ROUNDS.full);
  await Promise.all(steppers.map((one) => one.close()));
  const [exact, float32, again, slow] = samples as [Sample[], Sample[], Sample[], Sample[]];
  const before = ratio(exact, float32, "cpuMs");
  const row = (name: string, what: string, candidate: Sample[]): Figure => {
    const now = ratio(candidate, float32, "cpuMs");
    const verdict = isSlower(now, before) ? "flagged as slower" : "not flagged";
    const against = `before ${before.median.toFixed(3)}, by itself ${ratio(candidate, exact, "cpuMs").median.toFixed(3)}`;
    return figure({ name, what, unit: "ratio" }, now, { detail: { verdict, against } });
  };
  const same = row("control/same", "control: the same graph again / float32", again);
  const slower = row("control/slow", `control: a graph ${(BURDEN * 100 - 100).toFixed(0)} % slower / float32`, slow);
  return { rows: [same, slower], blind: blindness(same, slower, before) };
}

function blindness(same: Figure, slower: Figure, before: Figure["value"]): string | undefined {
  if (!isSlower(slower.value, before))
    return "a step made 20 % slower was not seen: the machine is too busy to measure";
  if (isSlower(same.value, before)) return "a graph looked slower than itself: the machine is too busy to measure";
  return undefined;
}
