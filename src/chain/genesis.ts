// The first sentence of a network: its parameters, allocations and task, as a JSON file that is checked here and hashed into every signature.
import { ContainerType } from "@chainsafe/ssz";
import { z } from "zod";
import { fromHex, type Hash32, messageOf, PouwError, TaskId, utf8 } from "../base/index.ts";
import { Bytes32, Text, U32, U64 } from "../codec/index.ts";
import { taggedHash } from "../crypto/index.ts";
import { checkTaskCap, noncesPerUnit, type Task } from "../work/index.ts";
import type { Rules } from "./rules.ts";
import { MAX_MATURITY } from "./state-type.ts";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/, "32 bytes as 64 lower-case hex digits");
const money = z
  .string()
  // The second check must not see what the first refused: BigInt throws an error of its own.
  .regex(/^(0|[1-9][0-9]{0,18})$/, { error: "a whole number as a decimal string", abort: true })
  .refine((text) => BigInt(text) < 2n ** 63n, "below 2^63");
const u32 = z.int().min(0).max(0xffffffff);
const positive = z.int().min(1).max(0xffffffff);

const TaskSchema = z.strictObject({
  model: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "a model directory's name"),
  /** SHA-256 of train.onnx. */
  modelDigest: hex32,
  /** digest(P(0)). */
  parameters: hex32,
  dataDigest: hex32,
  steps: positive,
  batch: positive,
  trainFrom: u32,
  trainTo: positive,
  parameterCount: positive,
  macsPerStep: z.int().min(1),
});

const GenesisSchema = z.strictObject({
  network: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "a short lower-case name"),
  version: z.int().min(1).max(0xffff),
  /** Milliseconds since 1970. */
  time: z.int().min(0),
  blockTimeMs: z.int().min(100).max(3_600_000),
  /** The first block's target, 32 bytes big-endian. */
  target: hex32,
  retargetWindow: z.int().min(2).max(1000),
  subsidy: money,
  maturity: z.int().min(1).max(MAX_MATURITY),
  split: z
    .strictObject({ winner: u32, contributions: u32, leader: u32 })
    .refine((s) => s.winner + s.contributions + s.leader === 1000, "the parts must add up to 1000"),
  omegaB: u32,
  omegaM: u32,
  omegaDenominator: positive,
  maxNoncesPerGigamac: positive,
  banBlocks: positive,
  maxFutureMs: positive,
  allocations: z.array(z.strictObject({ address: hex32, amount: money })).max(4096),
  task: TaskSchema,
});
export type Genesis = z.infer<typeof GenesisSchema>;
/** A genesis before its model is known. */
export type GenesisProfile = Omit<Genesis, "task"> & {
  readonly task: Pick<Genesis["task"], "steps" | "batch" | "trainFrom" | "trainTo">;
};
/** What a genesis needs to know of a model directory. */
export interface GenesisModel {
  readonly name: string;
  /** SHA-256 of train.onnx, hex. */
  readonly trainDigest: string;
  readonly parameterCount: number;
  /** Multiply-accumulates of one step of the profile's batch. */
  readonly macsPerStep: number;
}

const TaskType = new ContainerType({
  model: Text,
  modelDigest: Bytes32,
  parameters: Bytes32,
  dataDigest: Bytes32,
  steps: U32,
  batch: U32,
  trainFrom: U32,
  trainTo: U32,
  parameterCount: U32,
  macsPerStep: U64,
});

/** A profile made whole with the model it trains; digests are hex. Throws BAD_GENESIS. */
export function createGenesis(
  profile: GenesisProfile,
  model: GenesisModel,
  initialDigest: string,
  dataDigest: string,
): Genesis {
  return parseGenesis({
    ...profile,
    task: {
      ...profile.task,
      model: model.name,
      modelDigest: model.trainDigest,
      parameters: initialDigest,
      dataDigest,
      parameterCount: model.parameterCount,
      macsPerStep: model.macsPerStep,
    },
  });
}

/** Checks a parsed JSON file, sums and caps included. Throws BAD_GENESIS with every complaint of the schema. */
export function parseGenesis(json: unknown): Genesis {
  const parsed = GenesisSchema.safeParse(json);
  if (!parsed.success) {
    const complaints = parsed.error.issues.map((issue) => `${issue.path.join(".") || "genesis"}: ${issue.message}`);
    throw new PouwError("BAD_GENESIS", complaints.join("; "));
  }
  const genesis = parsed.data;
  const bad = (why: string): PouwError => new PouwError("BAD_GENESIS", why);
  if (BigInt(`0x${genesis.target}`) === 0n) throw bad("target: must be above zero");
  if (genesis.task.trainFrom >= genesis.task.trainTo) throw bad("task.trainTo: must be above trainFrom");
  const addresses = new Set(genesis.allocations.map((allocation) => allocation.address));
  if (addresses.size !== genesis.allocations.length) throw bad("allocations: an address appears twice");
  // Every sum of money must fit 64 bits for as long as heights fit 32.
  const allocated = genesis.allocations.reduce((sum, allocation) => sum + BigInt(allocation.amount), 0n);
  if (allocated + BigInt(genesis.subsidy) * 2n ** 32n >= 2n ** 64n)
    throw bad("allocations and subsidies would pass 2^64");
  const task = taskOfGenesis(genesis);
  const cap = checkTaskCap(task, genesis);
  if (cap.kind !== "accept") throw bad(`task: ${cap.reason}`);
  if (noncesPerUnit(task, genesis) > 0xffffffff) throw bad("task: a unit earns too many nonces");
  return genesis;
}

function taskOfGenesis(genesis: Genesis): Task {
  const { task } = genesis;
  const bytes = (hex: string): Uint8Array => fromHex(hex) as Uint8Array;
  const facts = {
    ...task,
    modelDigest: bytes(task.modelDigest),
    parameters: bytes(task.parameters),
    dataDigest: bytes(task.dataDigest),
    macsPerStep: BigInt(task.macsPerStep),
  };
  return { ...facts, id: TaskId(TaskType.hashTreeRoot({ ...facts, model: utf8(task.model) })) };
}

/** JSON with sorted keys and no spaces. Genesis values are only strings, whole numbers, lists and objects, so this is one text per genesis. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(",")}}`;
}

/** H("genesis", canonical JSON): the network's identity, and the id of height 0. */
export function genesisHash(genesis: Genesis): Hash32 {
  return taggedHash("genesis", utf8(canonicalJson(genesis)));
}

/** The rules in the form that code computes with. */
export function rulesOf(genesis: Genesis): Rules {
  return {
    ...genesis,
    genesis: genesisHash(genesis),
    subsidy: BigInt(genesis.subsidy),
    tasks: [taskOfGenesis(genesis)],
  };
}

/** The text of a genesis file. Throws BAD_GENESIS. */
export function readGenesis(text: string): Genesis {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new PouwError("BAD_GENESIS", `not JSON: ${messageOf(cause)}`, { cause });
  }
  return parseGenesis(json);
}
