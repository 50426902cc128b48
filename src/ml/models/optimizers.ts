// The optimisers, as nodes. Their state starts at zero in every stretch and never leaves it, so it may be plain float32:
// every node on it is one correctly rounded operation. It is set back every RESTART steps, which keeps decaying state far from denormals.
// Their hyper-parameters are looked up in tables of the published settings, once before the loop.
import {
  add,
  clampParameter,
  clip,
  div,
  equal,
  type GraphBuilder,
  gather,
  max,
  mul,
  sqrt,
  sub,
  type Value,
} from "../graph/index.ts";
import type { AdamwSetting, Optimizer } from "./types.ts";

/** Steps after which momentum starts again from zero inside a stretch longer than that. */
export const RESTART = 256;
/** Floor of squared gradients, far above the square root of the smallest normal float32. */
const SQUARE_FLOOR = 2 ** -80;
/** Far above any gradient: with it the checker can prove of wide models too that no square overflows. */
const GRADIENT_LIMIT = 2 ** 30;

/** Tensors of state per parameter. */
export const slots = (optimizer: Optimizer): number => (optimizer.kind === "sgd" ? 1 : 2);

export interface Updated {
  readonly parameter: Value;
  readonly state: readonly Value[];
}
export interface UpdateInput {
  readonly parameter: Value;
  readonly exponent: number;
  readonly gradient: Value;
  readonly state: readonly Value[];
}
export type Update = (input: UpdateInput) => Updated;

/** The hyper-parameters of one setting inside a graph. */
export interface Hyper {
  /** Factor on the mean loss over `rows` rows: SGD's learning rate is folded in, so that the momentum already holds steps. */
  readonly share: Value;
  /** What the update rule reads. */
  readonly rule: readonly Value[];
}

/** Looks the hyper-parameters of the setting (int64 scalar) up. */
export function hyperOf(g: GraphBuilder, optimizer: Optimizer, setting: Value, rows: number): Hyper {
  const pick = (values: readonly number[]): Value => gather(g, g.constant(values, [values.length]), setting);
  const pickRow = (rowsOf: readonly (readonly number[])[]): Value =>
    gather(g, g.constant(rowsOf.flat(), [rowsOf.length, RESTART]), setting);
  if (optimizer.kind === "sgd") {
    const { settings } = optimizer;
    return {
      share: pick(settings.map(({ learningRate }) => learningRate / rows)),
      rule: [pick(settings.map(({ momentum }) => momentum))],
    };
  }
  const { settings } = optimizer;
  const tables = settings.map(adamTables);
  const scalars = [
    settings.map(({ beta1 }) => beta1),
    settings.map(({ beta2 }) => beta2),
    settings.map(({ learningRate, weightDecay }) => learningRate * weightDecay),
  ];
  return {
    share: pick(settings.map(() => 1 / rows)),
    rule: [
      pickRow(tables.map(([rates]) => rates)),
      pickRow(tables.map(([, epsilons]) => epsilons)),
      ...scalars.map(pick),
    ],
  };
}

/** The update rule at the step `iteration` (int64 scalar, from 0); `rule` as `hyperOf` made it. */
export function updateRule(
  g: GraphBuilder,
  { kind }: Optimizer,
  { iteration, rule }: { readonly iteration: Value; readonly rule: readonly Value[] },
  exact: boolean,
): Update {
  const step = g.node("Mod", [iteration, g.constant([RESTART], [], "int64")], { shape: [], dtype: "int64" });
  return (kind === "sgd" ? sgd : adamw)(g, rule, step, exact);
}

/** p - delta, inside the parameter's range in the exact lowerings; a stretch ends on its grid. */
function apply(g: GraphBuilder, { parameter, exponent }: UpdateInput, delta: Value, exact: boolean): Value {
  const next = sub(g, parameter, delta);
  return exact ? clampParameter(g, next, exponent) : next;
}

/** 0 at the first step after a restart and `value` at all others. */
function unlessFirst(g: GraphBuilder, step: Value, value: Value): Value {
  const first = equal(g, step, g.constant([0], [], "int64"));
  return g.node("Where", [first, g.scalar(0), value], { shape: [] });
}

function sgd(g: GraphBuilder, [momentum]: readonly Value[], step: Value, exact: boolean): Update {
  const keep = unlessFirst(g, step, momentum as Value);
  return (input) => {
    const velocity = add(g, mul(g, input.state[0] as Value, keep), input.gradient);
    return { parameter: apply(g, input, velocity, exact), state: [velocity] };
  };
}

/**
 * State is m = sum beta1^k g and v = sum beta2^k g^2, without the factors (1 - beta); these and the bias corrections
 * are in two tables by step, so that the update is rate(t) * m / (sqrt(v) + epsilon(t)), and weight decay beside it.
 */
function adamw(g: GraphBuilder, rule: readonly Value[], step: Value, exact: boolean): Update {
  const [rates, epsilons, beta1, beta2, decay] = rule as readonly [Value, Value, Value, Value, Value];
  const rate = gather(g, rates, step);
  const epsilon = gather(g, epsilons, step);
  const keep1 = unlessFirst(g, step, beta1);
  const keep2 = unlessFirst(g, step, beta2);
  return (input) => {
    const gradient = exact ? clip(g, input.gradient, -GRADIENT_LIMIT, GRADIENT_LIMIT) : input.gradient;
    const m = add(g, mul(g, input.state[0] as Value, keep1), gradient);
    const square = max(g, mul(g, gradient, gradient), g.scalar(SQUARE_FLOOR));
    const v = add(g, mul(g, input.state[1] as Value, keep2), square);
    const delta = mul(g, div(g, m, add(g, sqrt(g, v), epsilon)), rate);
    if (input.parameter.shape.length < 2) return { parameter: apply(g, input, delta, exact), state: [m, v] };
    const decayed = add(g, delta, mul(g, input.parameter, decay));
    return { parameter: apply(g, input, decayed, exact), state: [m, v] };
  };
}

/** Only +, -, *, / and sqrt on doubles: the same on every machine. */
function adamTables({ beta1, beta2, learningRate, epsilon }: AdamwSetting): [number[], number[]] {
  const rates: number[] = [];
  const epsilons: number[] = [];
  let power1 = 1;
  let power2 = 1;
  for (let t = 0; t < RESTART; t++) {
    power1 *= beta1;
    power2 *= beta2;
    const root = Math.sqrt((1 - power2) / (1 - beta2));
    rates.push(((learningRate * (1 - beta1)) / (1 - power1)) * root);
    epsilons.push(epsilon * root);
  }
  return [rates, epsilons];
}
