// model.json: what a node knows of a model without reading its graphs.
import { PouwError } from "../../base/index.ts";
import { type DataSetName, KNOWN_DATA, type NoiseSpec } from "../data/index.ts";
import type { AdamwSetting, DataInput, Init, Optimizer, ParameterSpec, SgdSetting } from "./types.ts";

export interface FileEntry {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** A model's two graphs in one lowering. */
export interface GraphFiles {
  readonly train: FileEntry;
  readonly eval: FileEntry;
}

/** Work of one step in multiply-accumulates, as `effortOf` counts it: what grows with the batch, and what does not. */
export interface Effort {
  readonly batch: number;
  readonly rest: number;
}

export interface ModelManifest {
  readonly name: string;
  readonly version: number;
  /** One line for people. */
  readonly architecture: string;
  readonly task: { readonly kind: "classification" | "next-token" };
  readonly data: { readonly name: DataSetName; readonly window: number; readonly inputs: readonly DataInput[] };
  readonly batchSize: number;
  readonly evalBatch: number;
  /** Predictions per sample: 1, or the window of a next-token model. */
  readonly predictionsPerSample: number;
  readonly defaultSteps: number;
  readonly noise: readonly NoiseSpec[];
  readonly optimizer: Optimizer;
  readonly parameters: readonly ParameterSpec[];
  readonly parameterCount: number;
  readonly effort: Effort;
  /** First parameters are drawn from this and the season's number. */
  readonly initSeed: string;
  /** Of the `float` lowering, which tasks name, and beside them those of `int8`, where there are any. */
  readonly files: GraphFiles & { readonly int8: GraphFiles | undefined };
}

type Field =
  | keyof ModelManifest
  | (keyof ParameterSpec | keyof DataInput | keyof FileEntry | keyof NoiseSpec | keyof Effort)
  | ("kind" | "std" | "inputs" | "window" | "train" | "eval" | "int8" | "settings")
  | (keyof SgdSetting | keyof AdamwSetting);
type Json = { readonly [K in Field]?: unknown };
const fail = (what: string): never => {
  throw new PouwError("BAD_MODEL", `A model manifest has a bad ${what}.`);
};
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const object = (value: unknown, what: string): Json => (isObject(value) ? value : fail(what));
const list = (value: unknown, what: string): readonly unknown[] => (Array.isArray(value) ? value : fail(what));
const text = (value: unknown, what: string): string => (typeof value === "string" && value !== "" ? value : fail(what));
const number = (value: unknown, what: string): number =>
  typeof value === "number" && Number.isFinite(value) ? value : fail(what);
const whole = (value: unknown, what: string, least = 1): number => {
  const n = number(value, what);
  return Number.isSafeInteger(n) && n >= least ? n : fail(what);
};
function oneOf<T extends string>(value: unknown, allowed: readonly T[], what: string): T {
  return allowed.find((item) => item === value) ?? fail(what);
}

function parseInit(value: unknown): Init {
  const init = object(value, "init");
  const kind = oneOf(init.kind, ["zeros", "ones", "normal"] as const, "init");
  return kind === "normal" ? { kind, std: number(init.std, "init") } : { kind };
}

function parseParameter(value: unknown): ParameterSpec {
  const item = object(value, "parameter");
  const exponent = number(item.exponent, "exponent");
  if (!Number.isInteger(exponent) || exponent < -60 || exponent > 0) fail("exponent");
  const shape = list(item.shape, "parameter shape").map((dim) => whole(dim, "parameter shape"));
  return { name: text(item.name, "parameter name"), shape, exponent, init: parseInit(item.init) };
}

function parseOptimizer(value: unknown): Optimizer {
  const item = object(value, "optimizer");
  const kind = oneOf(item.kind, ["sgd", "adamw"] as const, "optimizer");
  const settings = list(item.settings, "optimizer settings").map((setting) => object(setting, "optimizer setting"));
  if (settings.length === 0) fail("optimizer settings");
  const parse = <K extends Field>(names: readonly K[]): { [name in K]: number }[] =>
    settings.map((setting) => {
      const fields = names.map((name) => [name, number(setting[name], `optimizer ${name}`)]);
      return Object.fromEntries(fields) as { [name in K]: number };
    });
  return kind === "sgd" ? { kind, settings: parse(SGD_FIELDS) } : { kind, settings: parse(ADAMW_FIELDS) };
}

const SGD_FIELDS: readonly (keyof SgdSetting)[] = ["learningRate", "momentum"];
const ADAMW_FIELDS: readonly (keyof AdamwSetting)[] = ["learningRate", "beta1", "beta2", "epsilon", "weightDecay"];

function parseNoise(value: unknown): NoiseSpec {
  const item = object(value, "noise");
  const [count, below] = [whole(item.count, "noise count"), whole(item.below, "noise limit")];
  return { name: text(item.name, "noise name"), count, below };
}

function parseEffort(value: unknown): Effort {
  const item = object(value, "effort");
  return { batch: whole(item.batch, "effort", 0), rest: whole(item.rest, "effort", 0) };
}

function parseData(value: unknown): ModelManifest["data"] {
  const data = object(value, "data");
  const inputs = list(data.inputs, "data inputs").map((entry): DataInput => {
    const item = object(entry, "data input");
    const shape = list(item.shape, "data shape").map((dim) =>
      typeof dim === "string" ? text(dim, "data shape") : whole(dim, "data shape"),
    );
    const dtype = oneOf(item.dtype, ["uint8"] as const, "data type");
    return { name: text(item.name, "data name"), dtype, shape, limit: whole(item.limit, "data limit") };
  });
  return {
    name: oneOf(data.name, Object.keys(KNOWN_DATA) as DataSetName[], "data"),
    window: whole(data.window, "window"),
    inputs,
  };
}

function parseFile(value: unknown): FileEntry {
  const item = object(value, "file entry");
  const sha256 = text(item.sha256, "file digest");
  return {
    sha256: /^[0-9a-f]{64}$/.test(sha256) ? sha256 : fail("file digest"),
    bytes: whole(item.bytes, "file size"),
  };
}

const parseFiles = (files: Json): GraphFiles => ({ train: parseFile(files.train), eval: parseFile(files.eval) });

/** The manifest in the text of a model.json; throws BAD_MODEL. */
export function parseManifest(json: string): ModelManifest {
  let root: Json;
  try {
    root = object(JSON.parse(json), "form");
  } catch (cause) {
    throw cause instanceof PouwError ? cause : new PouwError("BAD_MODEL", "A model manifest is not JSON.", { cause });
  }
  const files = object(root.files, "files");
  const parameters = list(root.parameters, "parameters").map(parseParameter);
  const parameterCount = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  if (root.parameterCount !== parameterCount) fail("parameterCount");
  if (new Set(parameters.map(({ name }) => name)).size !== parameters.length) fail("parameter name");
  return {
    name: text(root.name, "name"),
    version: whole(root.version, "version"),
    architecture: text(root.architecture, "architecture"),
    task: { kind: oneOf(object(root.task, "task").kind, ["classification", "next-token"] as const, "task") },
    data: parseData(root.data),
    batchSize: whole(root.batchSize, "batchSize"),
    evalBatch: whole(root.evalBatch, "evalBatch"),
    predictionsPerSample: whole(root.predictionsPerSample, "predictionsPerSample"),
    defaultSteps: whole(root.defaultSteps, "defaultSteps"),
    noise: list(root.noise, "noise").map(parseNoise),
    optimizer: parseOptimizer(root.optimizer),
    parameters,
    parameterCount,
    effort: parseEffort(root.effort),
    initSeed: text(root.initSeed, "initSeed"),
    files: {
      ...parseFiles(files),
      int8: files.int8 === undefined ? undefined : parseFiles(object(files.int8, "files")),
    },
  };
}
