// A task as a genesis file spells it out: every fact, so that nothing about it has a second home, and its id is a hash of all of them.
import { z } from "zod";
import { fromHex, TaskId, utf8 } from "../base/index.ts";
import { taggedHash } from "../crypto/index.ts";
import { AGGREGATION_RULES, type AggregationName, DELTA_CODECS, type DeltaCodecName } from "../ml/index.ts";
import type { Task } from "../work/index.ts";
import { canonicalJson } from "./canonical-json.ts";

export const hex32 = z.string().regex(/^[0-9a-f]{64}$/, "32 bytes as 64 lower-case hex digits");
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "a short lower-case name");
const positive = z.int().min(1).max(0xffffffff);
const range = z
  .tuple([z.int().min(0).max(0xffffffff), positive])
  .refine(([from, to]) => from < to, "the second number must be above the first");
/** Numbers with fractions are text, so that a genesis holds whole numbers only. */
const decimal = z.string().regex(/^-?\d+(\.\d+)?(e-?\d+)?$/, "a number as text");
const keysOf = <K extends string>(table: { readonly [key in K]: unknown }): [K, ...K[]] =>
  Object.keys(table) as [K, ...K[]];

const input = z.strictObject({
  name: z.string().min(1).max(64),
  dtype: z.literal("uint8"),
  shape: z.array(z.union([positive, z.string().min(1).max(16)])).max(8),
  /** Values are below this; of bytes. */
  limit: z.int().min(1).max(256),
});
const init = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("zeros") }),
  z.strictObject({ kind: z.literal("ones") }),
  z.strictObject({ kind: z.literal("normal"), std: decimal }),
]);
const parameter = z.strictObject({
  name: z.string().min(1).max(64),
  shape: z.array(positive).min(1).max(8),
  exponent: z.int().min(-60).max(0),
  init,
});
/** Below 2^31, so that a value is an int32. */
const drawn = z.strictObject({
  name: z.string().min(1).max(64),
  count: positive,
  below: z.int().min(1).max(0x7fffffff),
});
const effort = z.int().min(0);

export const TaskSchema = z.strictObject({
  name,
  model: name,
  kind: z.enum(["classification", "next-token"]),
  /** SHA-256 of train.onnx and eval.onnx. */
  trainDigest: hex32,
  evalDigest: hex32,
  /** Digest of the first parameters of season 0. */
  initialDigest: hex32,
  /** Each season's first parameters are drawn from this and its number. */
  initSeed: z.string().min(1).max(128),
  data: z.strictObject({
    name,
    digest: hex32,
    inputs: z.array(input).min(1).max(16),
    window: positive,
    evalStride: positive,
    splits: z.strictObject({ train: range, validation: range, test: range }),
  }),
  steps: positive,
  batch: positive,
  evalBatch: positive,
  predictionsPerSample: positive,
  /** What a step draws besides its rows. */
  noise: z.array(drawn).max(8),
  /** The seasons take the settings in turn. */
  optimizer: z.strictObject({ kind: name, settings: z.array(z.record(z.string(), decimal)).min(1).max(64) }),
  parameters: z.array(parameter).min(1).max(1024),
  parameterCount: positive,
  /** Of one step. */
  effort: z.strictObject({ batch: effort, rest: effort }),
  codec: z.enum(keysOf<DeltaCodecName>(DELTA_CODECS)),
  aggregation: z.enum(keysOf<AggregationName>(AGGREGATION_RULES)),
});
export type GenesisTask = z.infer<typeof TaskSchema>;

const bytes = (hex: string): Uint8Array => fromHex(hex) as Uint8Array;

/** The task in the form that code computes with. Its id: H("task", canonical JSON of the registration). */
export function taskOf(registration: GenesisTask): Task {
  const { trainDigest, evalDigest, initialDigest, data, parameters, codec } = registration;
  return {
    ...registration,
    id: TaskId(taggedHash("task", utf8(canonicalJson(registration)))),
    trainDigest: bytes(trainDigest),
    evalDigest: bytes(evalDigest),
    initialDigest: bytes(initialDigest),
    data: { ...data, digest: bytes(data.digest) },
    parameters: parameters.map(({ init, ...spec }) => ({
      ...spec,
      init: init.kind === "normal" ? { kind: init.kind, std: Number(init.std) } : init,
    })),
    maxDeltaBytes: DELTA_CODECS[codec].maxBytes(registration),
  };
}

/** What a registration contradicts itself in; undefined when nothing. */
export function taskFault({ parameters, parameterCount, data, noise }: GenesisTask): string | undefined {
  const counted = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  if (counted !== parameterCount) return `parameterCount is ${parameterCount}, the parameters have ${counted} values`;
  if (new Set(parameters.map((one) => one.name)).size !== parameters.length) return "a parameter's name appears twice";
  const inputs = [...data.inputs, ...noise].map((one) => one.name);
  if (new Set(inputs).size !== inputs.length) return "an input's name appears twice";
  const ranges = Object.values(data.splits).sort(([a], [b]) => a - b);
  if (ranges.some(([from], i) => i > 0 && from < (ranges[i - 1]?.[1] ?? 0))) return "data.splits: two of them overlap";
  return undefined;
}
