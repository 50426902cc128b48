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
const parameter = z.strictObject({
  name: z.string().min(1).max(64),
  shape: z.array(positive).min(1).max(8),
  exponent: z.int().min(-60).max(0),
});

export const TaskSchema = z.strictObject({
  name,
  model: name,
  kind: z.enum(["classification", "next-token"]),
  /** SHA-256 of train.onnx and eval.onnx. */
  trainDigest: hex32,
  evalDigest: hex32,
  /** digest(P(0)). */
  initialDigest: hex32,
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
  optimizer: z.strictObject({ kind: name, settings: z.record(z.string(), decimal) }),
  parameters: z.array(parameter).min(1).max(1024),
  parameterCount: positive,
  macsPerStep: z.int().min(1),
  codec: z.enum(keysOf<DeltaCodecName>(DELTA_CODECS)),
  aggregation: z.enum(keysOf<AggregationName>(AGGREGATION_RULES)),
});
export type GenesisTask = z.infer<typeof TaskSchema>;

const bytes = (hex: string): Uint8Array => fromHex(hex) as Uint8Array;

/** The task in the form that code computes with. Its id: H("task", canonical JSON of the registration). */
export function taskOf(registration: GenesisTask): Task {
  const { trainDigest, evalDigest, initialDigest, data, macsPerStep, codec } = registration;
  return {
    ...registration,
    id: TaskId(taggedHash("task", utf8(canonicalJson(registration)))),
    trainDigest: bytes(trainDigest),
    evalDigest: bytes(evalDigest),
    initialDigest: bytes(initialDigest),
    data: { ...data, digest: bytes(data.digest) },
    macsPerStep: BigInt(macsPerStep),
    maxDeltaBytes: DELTA_CODECS[codec].maxBytes(registration),
  };
}

/** What a registration contradicts itself in; undefined when nothing. */
export function taskFault({ parameters, parameterCount, data }: GenesisTask): string | undefined {
  const counted = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  if (counted !== parameterCount) return `parameterCount is ${parameterCount}, the parameters have ${counted} values`;
  if (new Set(parameters.map((one) => one.name)).size !== parameters.length) return "a parameter's name appears twice";
  if (new Set(data.inputs.map((one) => one.name)).size !== data.inputs.length) return "an input's name appears twice";
  const ranges = Object.values(data.splits).sort(([a], [b]) => a - b);
  if (ranges.some(([from], i) => i > 0 && from < (ranges[i - 1]?.[1] ?? 0))) return "data.splits: two of them overlap";
  return undefined;
}
