// A model under study: its graphs opened on one thread, its data, and units run as a lone miner runs them.
import { toHex } from "../../src/base/index.ts";
import { BUILT_IN_TASKS } from "../../src/chain/index.ts";
import {
  buildModel,
  drawUnit,
  evaluationSamples,
  initialParameters,
  parametersDigest,
  type SampleRange,
  type UnitDraws,
} from "../../src/ml/index.ts";
import type { Architecture } from "../../src/ml/models/types.ts";
import { stretchesOf } from "../../src/work/index.ts";
import {
  type Data,
  evalBytes,
  type Feeds,
  flatten,
  modelBytes,
  open,
  openData,
  type ort,
  parameterFeeds,
  runUnit,
  score,
  stepFeeds,
} from "../ml-lab.ts";

export interface SubjectOptions {
  /** S. */
  readonly steps: number;
  /** Rows to train on instead of the data set's own. */
  readonly train?: SampleRange;
}

/** Consecutive steps of a unit. */
export type Span = readonly [from: number, to: number];

/** Shares of the held-back predictions that are right. */
export interface Held {
  readonly validation: number;
  readonly test: number;
  /** Of the two splits together. */
  readonly both: number;
}

/** Effort of a unit where nothing else says its length. */
const EFFORT = 20e9;
const MOST_STEPS = 4096;

/** S of a model's unit: what the built-in networks have, or as many steps as make the effort of such a unit. */
export function stepsOf(name: string): number {
  const known = BUILT_IN_TASKS.find(({ model }) => model === name);
  if (known !== undefined) return known.steps;
  const { batch, rest } = buildModel(name).manifest.effort;
  return Math.max(1, Math.min(MOST_STEPS, Math.floor(EFFORT / (batch + rest))));
}

export class Subject {
  readonly model: Architecture;
  readonly steps: number;
  readonly #data: Data;
  readonly #train: SampleRange;
  readonly #sessions: { readonly train: ort.InferenceSession; readonly eval: ort.InferenceSession };

  private constructor(
    model: Architecture,
    { steps, train }: SubjectOptions,
    opened: { readonly data: Data; readonly train: ort.InferenceSession; readonly eval: ort.InferenceSession },
  ) {
    this.model = model;
    this.steps = steps;
    this.#data = opened.data;
    this.#train = train ?? opened.data.set.splits.train;
    this.#sessions = opened;
  }

  static async open(model: Architecture, options: SubjectOptions): Promise<Subject> {
    const train = await open(modelBytes(model, model.batchSize, "int8"));
    const evaluation = await open(evalBytes(model, "int8"));
    return new Subject(model, options, { data: await openData(model.data.name), train, eval: evaluation });
  }

  /** Where a season begins. */
  first(season: number): Feeds {
    const { name, version, parameters } = this.model;
    return parameterFeeds(this.model, initialParameters({ parameters, initSeed: `${name}/${version}` }, season));
  }

  /** digest(P) of a set, hex, as a node says it. */
  digest(parameters: Feeds): string {
    const flat = flatten(parameters);
    return toHex(parametersDigest({ name: this.model.name, parameterCount: flat.length }, flat));
  }

  /** Which of the model's settings a season has. */
  settingOf(season: number): number {
    return season % this.model.optimizer.settings.length;
  }

  draw(seed: Uint8Array): UnitDraws {
    const { batchSize: batch, noise } = this.model;
    const data = { splits: { train: this.#train } };
    return drawUnit(seed, { steps: this.steps, batch, noise: noise(batch), data });
  }

  /** The stretches of a unit. */
  get stretches(): readonly Span[] {
    const bounds = stretchesOf(this.steps);
    return bounds.slice(1).map((to, i) => [bounds[i] as number, to]);
  }

  /** Steps of a unit in one call, whose momentum begins at zero. */
  async run(parameters: Feeds, draws: UnitDraws, [from, to]: Span, setting: number): Promise<Feeds> {
    if (from === to) return parameters;
    const cut = (values: Int32Array): Int32Array => {
      const row = values.length / this.steps;
      return values.slice(from * row, to * row);
    };
    const { batchSize, noise } = this.model;
    const drawn = { setting, batch: cut(draws.batch), noise: draws.noise.map(cut) };
    const feeds = stepFeeds(noise(batchSize), to - from, drawn);
    return (await runUnit(this.#sessions.train, { parameters, data: this.#data.feeds }, feeds)).parameters;
  }

  async held(parameters: Feeds): Promise<Held> {
    const { set, feeds: data } = this.#data;
    const of = (split: "validation" | "test"): Int32Array => evaluationSamples(set, split);
    const right = async (samples: Int32Array): Promise<number> =>
      (await score(this.#sessions.eval, { parameters, data }, samples, this.model)).accuracy;
    const [validation, test] = [of("validation"), of("test")];
    return {
      validation: await right(validation),
      test: await right(test),
      both: await right(Int32Array.from([...validation, ...test])),
    };
  }
}
