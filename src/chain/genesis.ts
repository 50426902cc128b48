// The first sentence of a network: its parameters, allocations and tasks, as a JSON file that is checked here and hashed into every signature.
import { z } from "zod";
import { type Hash32, messageOf, PouwError, utf8 } from "../base/index.ts";
import { taggedHash } from "../crypto/index.ts";
import { checkNonces, noncesPerUnit } from "../work/index.ts";
import { leastBanBlocks, leastEvidenceBlocks } from "./audits/windows.ts";
import { canonicalJson } from "./canonical-json.ts";
import { type GenesisTask, hex32, TaskSchema, taskFault, taskOf } from "./genesis-task.ts";
import { MAX_TASKS, type Rules } from "./rules.ts";
import { MAX_BAN_BLOCKS, MAX_EVIDENCE_BLOCKS, MAX_MATURITY, MAX_UNBONDING } from "./state/state-type.ts";

const money = z
  .string()
  // The second check must not see what the first refused: BigInt throws an error of its own.
  .regex(/^(0|[1-9][0-9]{0,18})$/, { error: "a whole number as a decimal string", abort: true })
  .refine((text) => BigInt(text) < 2n ** 63n, "below 2^63");
const u32 = z.int().min(0).max(0xffffffff);
const positive = z.int().min(1).max(0xffffffff);

const GenesisSchema = z.strictObject({
  /** Addresses begin with it, which leaves room for 31 letters. */
  network: z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "a short lower-case name"),
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
    .strictObject({ winner: u32, contributions: positive, leader: u32, attestations: u32, epoch: u32 })
    .refine((split) => Object.values(split).reduce((a, b) => a + b, 0) === 1000, "the parts must add up to 1000"),
  omegaB: u32,
  omegaM: u32,
  /** A season has this many blocks: then a task starts anew. */
  seasonBlocks: positive,
  auditOneIn: positive,
  attesters: z.int().min(1).max(16),
  auditBlocks: z.int().min(1).max(MAX_EVIDENCE_BLOCKS),
  minCollateral: money.refine((text) => text !== "0", "above zero"),
  provisional: money,
  accountFee: money,
  unbonding: z.int().min(1).max(MAX_UNBONDING),
  evidenceBlocks: z.int().min(1).max(MAX_EVIDENCE_BLOCKS),
  banBlocks: z.int().min(1).max(MAX_BAN_BLOCKS),
  maxFutureMs: positive,
  allocations: z.array(z.strictObject({ address: hex32, amount: money, stake: money.optional() })).max(4096),
  tasks: z.array(TaskSchema).min(1, "must list at least one task").max(MAX_TASKS),
});
export type Genesis = z.infer<typeof GenesisSchema>;
/** A genesis before its tasks are known. */
export type GenesisProfile = Omit<Genesis, "tasks">;

const bad = (why: string): PouwError => new PouwError("BAD_GENESIS", `The genesis is wrong at ${why}.`);

/** What JSON calls what a schema expects. */
const EXPECTED: { readonly [type: string]: string } = {
  ...{ string: "text", number: "a number", int: "a whole number", array: "a list", tuple: "a list" },
  object: "an object",
};

/** What a field must be, in people's words; undefined where the schema's own are. */
function mustBe(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return "is missing";
  if (issue.code === "invalid_type") return `must be ${EXPECTED[issue.expected] ?? issue.expected}`;
  if (issue.code === "invalid_value") return `must be one of ${issue.values.join(", ")}`;
  if (issue.code === "unrecognized_keys") return `has an unknown field "${issue.keys[0]}"`;
  const what = issue.origin === "string" ? " characters" : issue.origin === "array" ? " entries" : "";
  if (issue.code === "too_small") return `must be at least ${issue.minimum}${what}`;
  if (issue.code === "too_big") return `must be at most ${issue.maximum}${what}`;
  return undefined;
}

/** Checks a parsed JSON file, sums and caps included. Throws BAD_GENESIS with the schema's first complaint and how many more it has. */
export function parseGenesis(json: unknown): Genesis {
  const parsed = GenesisSchema.safeParse(json, { error: mustBe });
  if (!parsed.success) {
    const { issues } = parsed.error;
    const { path, message } = issues[0] as z.core.$ZodIssue;
    const more = issues.length > 1 ? ` (${issues.length - 1} more after this one)` : "";
    throw bad(`${path.join(".") || "the top"}: ${message}${more}`);
  }
  const genesis = parsed.data;
  if (BigInt(`0x${genesis.target}`) === 0n) throw bad("target: must be above zero");
  if (genesis.unbonding <= genesis.maturity) throw bad("unbonding: must be longer than maturity");
  if (genesis.evidenceBlocks > genesis.maturity) throw bad("evidenceBlocks: no longer than maturity");
  const least = leastEvidenceBlocks(genesis);
  if (genesis.evidenceBlocks < least)
    throw bad(`evidenceBlocks: at least ${least}, so that every attestation can be answered`);
  if (genesis.banBlocks < leastBanBlocks(genesis))
    throw bad(`banBlocks: at least ${leastBanBlocks(genesis)}, so that a forged unit's attesters can say so`);
  checkMoney(genesis);
  checkTasks(genesis);
  return genesis;
}

function checkMoney(genesis: Genesis): void {
  const addresses = new Set(genesis.allocations.map((allocation) => allocation.address));
  if (addresses.size !== genesis.allocations.length) throw bad("allocations: an address appears twice");
  // Every sum of money must fit 64 bits for as long as heights fit 32.
  const allocated = genesis.allocations.reduce(
    (sum, { amount, stake = "0" }) => sum + BigInt(amount) + BigInt(stake),
    0n,
  );
  if (allocated + BigInt(genesis.subsidy) * 2n ** 32n >= 2n ** 64n)
    throw bad("allocations: with the subsidies they would pass 2^64");
}

function checkTasks(genesis: Genesis): void {
  for (const [i, registration] of genesis.tasks.entries()) {
    const fault = taskFault(registration);
    if (fault !== undefined) throw bad(`tasks.${i}: ${fault}`);
    const task = taskOf(registration);
    const earns = checkNonces(task, genesis);
    if (earns.kind !== "accept") throw bad(`tasks.${i}: ${earns.reason}`);
    if (noncesPerUnit(task, genesis) > 0xffffffff) throw bad(`tasks.${i}: a unit earns too many nonces`);
  }
  const names = new Set(genesis.tasks.map((task) => task.name));
  if (names.size !== genesis.tasks.length) throw bad("tasks: a name appears twice");
}

/** A profile made whole with its tasks. Throws BAD_GENESIS. */
export function createGenesis(profile: GenesisProfile, tasks: readonly GenesisTask[]): Genesis {
  return parseGenesis({ ...profile, tasks });
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
    minCollateral: BigInt(genesis.minCollateral),
    provisional: BigInt(genesis.provisional),
    accountFee: BigInt(genesis.accountFee),
    tasks: genesis.tasks.map(taskOf),
  };
}

/** The text of a genesis file. Throws BAD_GENESIS. */
export function readGenesis(text: string): Genesis {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new PouwError("BAD_GENESIS", `The genesis is not JSON: ${messageOf(cause)}.`, { cause });
  }
  return parseGenesis(json);
}
