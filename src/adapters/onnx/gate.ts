// The gate that every worker passes before it trains or checks, those that replace another included: the vectors of the operators that its
// graphs use, on raw bits; each task's own vectors; and the operators again, since a provider may go wrong after a while.
import { messageOf, PouwError } from "../../base/index.ts";
import { evaluate, type Probe, type ProbePart, probeBits, probeOf, toOnnx } from "../../ml/index.ts";
import type { Passed, WorkerSetup } from "./messages.ts";
import { operatorsOf } from "./operators.ts";
import type { Feed, Feeds, OrtProvider, OrtSession, Outputs } from "./ort.ts";
import type { Workbench } from "./workbench.ts";

/** Operators for which a provider's library chooses an algorithm as it pleases: what it chose for one call says nothing of the next. */
const CHOSEN_BY_LIBRARY: { readonly [provider: string]: readonly string[] | undefined } = {
  cuda: ["Conv", "ConvTranspose"],
  webgpu: ["Conv", "ConvTranspose"],
};

/** Runs all vectors. Throws CAPABILITY_ABSENT, naming what differs. */
export async function passGate(
  provider: OrtProvider,
  { proofs }: Pick<WorkerSetup, "proofs">,
  bench: Pick<Workbench, "opened" | "prove">,
): Promise<Passed> {
  const operators = await openOperatorVectors(provider, bench.opened);
  try {
    await operators.run();
    const stepMs: number[] = [];
    for (const proof of proofs) stepMs.push(await bench.prove(proof));
    await operators.run();
    return { library: provider.library, stepMs: stepMs.reduce((sum, ms) => sum + ms, 0) / stepMs.length };
  } finally {
    await operators.close();
  }
}

/** The vectors of the operators that some graphs use, opened on one provider. */
interface OperatorVectors {
  /** Throws CAPABILITY_ABSENT, naming the operator and a number, when it gives other bits. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** Throws CAPABILITY_ABSENT for an operator that has no vectors, or that this provider must not be given. */
async function openOperatorVectors(provider: OrtProvider, graphs: Iterable<Uint8Array>): Promise<OperatorVectors> {
  const operators = new Set([...graphs].flatMap((graph) => [...operatorsOf(graph)]));
  const loose = CHOSEN_BY_LIBRARY[provider.name]?.find((operator) => operators.has(operator));
  if (loose !== undefined)
    throw unfit(`it may compute ${loose} as it likes, another way in each call: a graph with it does not run on it`);
  const probe = probeFor(operators);
  const session = await provider.open(toOnnx(probe.graph));
  return { run: () => runProbe(provider, session, probe), close: () => session.close() };
}

const unfit = (why: string, cause?: unknown): PouwError => new PouwError("CAPABILITY_ABSENT", why, { cause });

function probeFor(operators: ReadonlySet<string>): Probe {
  try {
    return probeOf(operators);
  } catch (error) {
    throw unfit(messageOf(error), error);
  }
}

async function runProbe({ library }: OrtProvider, session: OrtSession, probe: Probe): Promise<void> {
  const { outputs } = await session.run(feedsOf(probe));
  for (const part of probe.parts)
    if (probeBits(part.outputs.map((name) => outputs[name] ?? new Float32Array(0))) !== part.bits)
      throw unfit(`${library} computes ${part.operator} otherwise: ${firstDifference(probe, part, outputs)}`);
}

function feedsOf({ graph, inputs }: Probe): Feeds {
  const feeds: { [name: string]: Feed } = {};
  for (const { id, dtype } of graph.inputs) {
    const { shape, data } = inputs.get(id) as { readonly shape: readonly number[]; readonly data: readonly number[] };
    feeds[id] = { ...typed(dtype, data), dims: shape };
  }
  return feeds;
}

function typed(dtype: string, data: readonly number[]): Pick<Feed, "type" | "data"> {
  if (dtype === "int64") return { type: "int64", data: BigInt64Array.from(data, BigInt) };
  if (dtype === "int32") return { type: "int32", data: Int32Array.from(data) };
  if (dtype === "int8") return { type: "int8", data: Int8Array.from(data) };
  if (dtype === "uint8") return { type: "uint8", data: Uint8Array.from(data) };
  return { type: "float32", data: Float32Array.from(data) };
}

const SMALLEST_NORMAL = 2 ** -126;

/** What the reference evaluator makes of the same inputs, beside what the provider made of them: worked out only to be told. */
function firstDifference({ graph, inputs }: Probe, { outputs: names }: ProbePart, given: Outputs): string {
  const reference = evaluate(graph, inputs, "float32");
  for (const name of names) {
    const [expected, found] = [reference.get(name)?.data ?? [], given[name] ?? []];
    const at = expected.findIndex((value, i) => value !== found[i]);
    if (at < 0) continue;
    const right = expected[at] as number;
    const flushed = found[at] === 0 && Math.abs(right) < SMALLEST_NORMAL;
    return `${found[at]} instead of ${right}${flushed ? ", it takes denormals as zero" : ""}`;
  }
  return "the reference does not give its recorded bits on this machine either";
}
