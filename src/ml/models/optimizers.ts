// The optimisers, as nodes. Their state starts at zero in every unit and never leaves it, so it may be plain float32:
// every node on it is one correctly rounded operation. It is set back every RESTART steps, which keeps decaying state far from denormals.
import {
  add,
  clampBiased,
  div,
  equal,
  type GraphBuilder,
  gather,
  leave,
  max,
  mul,
  scale,
  sqrt,
  sub,
  type Value,
} from "../graph/index.ts";
import type { Optimizer } from "./types.ts";

/** Steps after which momentum starts again from zero inside a unit longer than that. */
export const RESTART = 128;
/** Floor of squared gradients, far above the square root of the smallest normal float32. */
const SQUARE_FLOOR = 2 ** -80;

/** Factor on the loss: SGD's learning rate is folded in here, so that the momentum already holds steps. */
export const lossScale = (optimizer: Optimizer): number => (optimizer.kind === "sgd" ? optimizer.learningRate : 1);

/** Tensors of state per parameter. */
export const slots = (optimizer: Optimizer): number => (optimizer.kind === "sgd" ? 1 : 2);

export interface Updated {
  readonly parameter: Value;
  readonly state: readonly Value[];
}
export interface UpdateInput {
  /** Biased in the exact lowering. */
  readonly parameter: Value;
  readonly exponent: number;
  readonly gradient: Value;
  readonly state: readonly Value[];
}
export type Update = (input: UpdateInput) => Updated;

/** The update rule at the step `iteration` (int64 scalar, from 0). */
export function updateRule(g: GraphBuilder, optimizer: Optimizer, iteration: Value, exact: boolean): Update {
  const step = g.node("Mod", [iteration, g.constant([RESTART], [], "int64")], { shape: [], dtype: "int64" });
  return optimizer.kind === "sgd" ? sgd(g, optimizer, step, exact) : adamw(g, optimizer, step, exact);
}

/** p - delta: on the parameter's grid in the exact lowering, where the subtraction from the biased form rounds by itself. */
function apply(g: GraphBuilder, { parameter, exponent }: UpdateInput, delta: Value, exact: boolean): Value {
  const next = sub(g, parameter, delta);
  return exact ? clampBiased(g, next, exponent) : next;
}

/** A constant that is 0 at the first step after a restart and `value` at all others. */
function unlessFirst(g: GraphBuilder, step: Value, value: number): Value {
  const first = equal(g, step, g.constant([0], [], "int64"));
  return g.node("Where", [first, g.scalar(0), g.scalar(value)], { shape: [] });
}

function sgd(g: GraphBuilder, { momentum }: Optimizer & { kind: "sgd" }, step: Value, exact: boolean): Update {
  const keep = unlessFirst(g, step, momentum);
  return (input) => {
    const velocity = add(g, mul(g, input.state[0] as Value, keep), input.gradient);
    return { parameter: apply(g, input, velocity, exact), state: [velocity] };
  };
}

/**
 * State is m = sum beta1^k g and v = sum beta2^k g^2, without the factors (1 - beta); these and the bias corrections
 * are in two tables by step, so that the update is rate(t) * m / (sqrt(v) + epsilon(t)), and weight decay beside it.
 */
function adamw(g: GraphBuilder, optimizer: Optimizer & { kind: "adamw" }, step: Value, exact: boolean): Update {
  const { beta1, beta2, learningRate, weightDecay } = optimizer;
  const [rates, epsilons] = adamTables(optimizer);
  const rate = gather(g, g.constant(rates, [RESTART]), step);
  const epsilon = gather(g, g.constant(epsilons, [RESTART]), step);
  const keep1 = unlessFirst(g, step, beta1);
  const keep2 = unlessFirst(g, step, beta2);
  return (input) => {
    const m = add(g, mul(g, input.state[0] as Value, keep1), input.gradient);
    const square = max(g, mul(g, input.gradient, input.gradient), g.scalar(SQUARE_FLOOR));
    const v = add(g, mul(g, input.state[1] as Value, keep2), square);
    const delta = mul(g, div(g, m, add(g, sqrt(g, v), epsilon)), rate);
    if (input.parameter.shape.length < 2) return { parameter: apply(g, input, delta, exact), state: [m, v] };
    const real = exact ? leave(g, input.parameter, input.exponent) : input.parameter;
    const decayed = add(g, delta, scale(g, real, learningRate * weightDecay));
    return { parameter: apply(g, input, decayed, exact), state: [m, v] };
  };
}

/** Only +, -, *, / and sqrt on doubles: the same on every machine. */
function adamTables({ beta1, beta2, learningRate, epsilon }: Optimizer & { kind: "adamw" }): [number[], number[]] {
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
