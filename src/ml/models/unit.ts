// Makes the two graphs of a model: `train`, one Loop over the steps of a stretch, and `eval`, the forward pass over one batch.

import type { NoiseSpec } from "../data/index.ts";
import {
  cast,
  equal,
  exp,
  type Graph,
  GraphBuilder,
  gather,
  identity,
  type Lowering,
  log,
  mul,
  Net,
  oneHot,
  type Param,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  settle,
  softmaxValues,
  sub,
  type Value,
} from "../graph/index.ts";
import { type Hyper, hyperOf, slots, updateRule } from "./optimizers.ts";
import type { Architecture, Prediction } from "./types.ts";

export interface BuildOptions {
  readonly batch: number;
  readonly lowering: Lowering;
}

const dataInputs = (g: GraphBuilder, { data }: Architecture): Map<string, Value> =>
  new Map(data.inputs.map(({ name, dtype, shape }) => [name, g.input(name, dtype, shape)]));

function lookup(params: readonly { readonly name: string; readonly param: Param }[]): (name: string) => Param {
  const byName = new Map(params.map(({ name, param }) => [name, param]));
  return (name) => byName.get(name) as Param;
}

/** The gradient of the logits of the cross-entropy, each row's times `share`. */
function crossEntropySeed(net: Net, { logits, labels }: Prediction, share: Value): Value {
  const error = sub(net.g, softmaxValues(net, logits), oneHot(net, labels, logits.shape[1] as number));
  return mul(net.g, error, share);
}

/** Mean cross-entropy in nats, with any operators: for people only. */
function lossOf(g: GraphBuilder, { logits, labels }: Prediction): Value {
  const target = oneHot({ g }, labels, logits.shape[1] as number);
  const z = sub(g, logits, reduceMax(g, logits, [1]));
  const picked = reduceSum(g, mul(g, z, target), [1], false);
  return reduceMean(g, sub(g, log(g, reduceSum(g, exp(g, z), [1], false)), picked), [0], false);
}

/** What the body reads from around it. */
interface Outer {
  /** Sample indices of all steps. */
  readonly rows: Value;
  /** Noise of all steps. */
  readonly noise: readonly Value[];
  readonly data: readonly Value[];
  readonly hyper: Hyper;
}

/** The body of the loop: one optimiser step on the batch of this iteration. */
function stepGraph(model: Architecture, { batch, lowering }: BuildOptions, outer: Outer): Graph {
  const g = new GraphBuilder("b");
  const iteration = g.input("b:iteration", "int64", []);
  const going = g.input("b:going", "bool", []);
  const perParameter = 1 + slots(model.optimizer);
  const state = model.parameters.map(({ name, shape }) =>
    Array.from({ length: perParameter }, (_, k) => g.input(`b:s${k}.${name}`, "float32", shape)),
  );
  g.input("b:logits", "float32", ["R", "C"]);
  g.input("b:targets", "int32", ["R"]);
  const { rows, noise, data, hyper } = enclosed(g, outer);
  const net = new Net({ lowering, bits: model.bits }, g);
  const params = model.parameters.map(({ name, exponent }, i) => ({
    name,
    param: net.param(state[i]?.[0] as Value, exponent),
  }));
  const now = (value: Value): Value => gather(g, value, iteration);
  const predicted = model.forward(net, {
    index: reshape(g, now(rows), [batch]),
    data: new Map(data.map((value) => [value.id, value])),
    noise: new Map(noise.map((value) => [value.id, now(value)])),
    params: lookup(params),
  });
  const seed = crossEntropySeed(net, predicted, hyper.share);
  const gradients = net.gradients(
    predicted.logits,
    seed,
    params.map(({ param }) => param.value),
  );
  const update = updateRule(g, model.optimizer, { iteration, rule: hyper.rule }, net.exact);
  const next = params.flatMap(({ param }, i) => {
    const [parameter, ...old] = state[i] as [Value, ...Value[]];
    const gradient = gradients[i] as Value;
    const done = update({ parameter, exponent: param.exponent, gradient, state: old });
    return [done.parameter, ...done.state];
  });
  return g.finish("step", [identity(g, going), ...next, predicted.logits, predicted.labels]);
}

/** The same values, made usable in the body. */
function enclosed(g: GraphBuilder, { rows, noise, data, hyper: { share, rule } }: Outer): Outer {
  const all = (values: readonly Value[]): readonly Value[] => values.map((value) => g.outer(value));
  return {
    rows: g.outer(rows),
    noise: all(noise),
    data: all(data),
    hyper: { share: g.outer(share), rule: all(rule) },
  };
}

/** `train.onnx`: a stretch. Inputs and outputs are described in README.md. */
export function trainGraph(model: Architecture, options: BuildOptions): Graph {
  const g = new GraphBuilder("t");
  const exact = options.lowering !== "float32";
  const steps = g.input("steps", "int64", []);
  const setting = g.input("setting", "int64", []);
  const rows = g.input("batch", "int32", ["S", options.batch]);
  const specs: readonly NoiseSpec[] = model.noise(options.batch);
  const noise = specs.map(({ name, count }) => g.input(name, "int32", ["S", count]));
  const data = [...dataInputs(g, model).values()];
  const hyper = hyperOf(g, model.optimizer, setting, options.batch * model.predictionsPerSample);
  const zeros = new Map<string, Value>();
  const starts = model.parameters.flatMap(({ name, shape, exponent }) => {
    const p = g.input(name, "float32", shape);
    const start = exact ? settle(g, p, exponent) : p;
    const key = shape.join();
    const zero = zeros.get(key) ?? zeroOf(g, shape);
    zeros.set(key, zero);
    return [start, ...Array.from({ length: slots(model.optimizer) }, () => zero)];
  });
  const body = stepGraph(model, options, { rows, noise, data, hyper });
  const seen = [g.constant([0], [1, 1]), g.constant([0], [1], "int32")];
  const ends = g.nodes(
    "Loop",
    [steps, undefined, ...starts, ...seen],
    body.outputs.slice(1).map(({ dtype, shape }) => ({ dtype, shape })),
    { body: { graph: body } },
  );
  const per = 1 + slots(model.optimizer);
  const next = model.parameters.map(({ name, exponent }, i) => {
    const q = ends[i * per] as Value;
    return renamed(g, exact ? settle(g, q, exponent) : q, `next.${name}`);
  });
  const last = { logits: ends.at(-2) as Value, labels: ends.at(-1) as Value };
  return g.finish(`${model.name}.train`, [...next, renamed(g, lossOf(g, last), "loss")]);
}

const zeroOf = (g: GraphBuilder, shape: readonly number[]): Value =>
  g.node("Expand", [g.scalar(0), g.constant(shape, [shape.length], "int64")], { shape });

const renamed = (g: GraphBuilder, value: Value, id: string): Value =>
  g.nodes("Identity", [value], [{ id, dtype: value.dtype, shape: value.shape }])[0] as Value;

/** `eval.onnx`: predictions, how many are right, and the loss, of one batch. */
export function evalGraph(model: Architecture, { batch, lowering }: BuildOptions): Graph {
  const g = new GraphBuilder("e");
  const index = g.input("batch", "int32", [batch]);
  const data = dataInputs(g, model);
  const net = new Net({ lowering, bits: model.bits }, g);
  const params = model.parameters.map(({ name, shape, exponent }) => {
    const p = g.input(name, "float32", shape);
    return { name, param: net.param(net.exact ? settle(g, p, exponent) : p, exponent) };
  });
  const predicted = model.forward(net, { index, data, noise: undefined, params: lookup(params) });
  const [count] = predicted.logits.shape as [number];
  const best = g.node("ArgMax", [predicted.logits], { shape: [count], dtype: "int64" }, { axis: 1, keepdims: 0 });
  const flat = cast(g, best, "int32");
  const right = cast(g, equal(g, flat, predicted.labels), "int32");
  const shape = [batch, ...(count === batch ? [] : [count / batch])];
  const outputs = [
    renamed(g, reshape(g, flat, shape), "predictions"),
    renamed(g, reduceSum(g, right, [0], false), "correct"),
    renamed(g, lossOf(g, predicted), "loss"),
  ];
  return g.finish(`${model.name}.eval`, outputs);
}
