// A training graph of any batch and lowering, opened as the node opens it and run on the real data.
import { type Feeds, type OrtOptions, type OrtProvider, openProvider } from "../../src/adapters/onnx/ort.ts";
import { type Lowering, toOnnx } from "../../src/ml/graph/index.ts";
import { type Architecture, type DataSet, initialParameters, trainGraph } from "../../src/ml/index.ts";
import { integerStream } from "../../src/ml/models/init.ts";
import { openDataSet } from "../support/data.ts";
import { type Contestant, timed } from "./measure.ts";

export interface StepperOptions {
  readonly batch: number;
  readonly lowering: Lowering;
  /** Steps run for each one counted: above 1, a step made slower on purpose. */
  readonly burden?: number;
}

export interface Stepper {
  /** Runs `steps` steps from the first parameters in one call; time per step. */
  run(steps: number): Contestant;
  close(): Promise<void>;
}

export interface WorkshopOptions {
  readonly provider?: "cpu" | "wasm";
  /** Of graph optimisation; the node's own unless told. */
  readonly level?: OrtOptions["level"];
}

/** One provider, opened once for all steppers. */
export class Workshop {
  readonly #engine: OrtProvider;

  private constructor(engine: OrtProvider) {
    this.#engine = engine;
  }

  /** One thread. Throws CAPABILITY_ABSENT without the package: times of WASM say nothing about the goals. */
  static async open({ provider = "cpu", level }: WorkshopOptions = {}): Promise<Workshop> {
    return new Workshop(await openProvider(provider, { threads: 1, ...(level === undefined ? {} : { level }) }));
  }

  /** Library and version. */
  get about(): string {
    return this.#engine.library;
  }

  async stepper(model: Architecture, { batch, lowering, burden = 1 }: StepperOptions): Promise<Stepper> {
    const graph = await this.#engine.open(toOnnx(trainGraph(model, { batch, lowering })));
    const data = await openDataSet(model.data.name);
    const fixed = fixedFeeds(model, data);
    const next = integerStream("bench");
    const [from, to] = data.splits.train;
    return {
      run: (steps) => async () => {
        const count = Math.round(steps * burden);
        const drawn = (name: string, width: number, below: number, least = 0): Feeds => {
          const values = Int32Array.from({ length: count * width }, () => least + (next() % below));
          return { [name]: { type: "int32", data: values, dims: [count, width] } };
        };
        const feeds: Feeds = {
          ...fixed,
          steps: { type: "int64", data: BigInt64Array.of(BigInt(count)), dims: [] },
          setting: { type: "int64", data: BigInt64Array.of(0n), dims: [] },
          ...drawn("batch", batch, to - from, from),
          ...Object.assign({}, ...model.noise(batch).map((noise) => drawn(noise.name, noise.count, noise.below))),
        };
        return timed(() => graph.run(feeds), steps);
      },
      close: () => graph.close(),
    };
  }
}

/** The data, and the first parameters tensor by tensor. */
function fixedFeeds(model: Architecture, data: DataSet): Feeds {
  const feeds: { [name: string]: Feeds[string] } = {};
  for (const { name, shape, data: bytes } of data.tensors)
    feeds[name] = { type: "uint8", data: Uint8Array.from(bytes), dims: shape };
  const flat = initialParameters({ parameters: model.parameters, initSeed: model.name }, 0);
  let at = 0;
  for (const { name, shape } of model.parameters) {
    const size = shape.reduce((a, b) => a * b, 1);
    feeds[name] = { type: "float32", data: flat.slice(at, at + size), dims: shape };
    at += size;
  }
  return feeds;
}
