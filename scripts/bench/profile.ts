// Where the time of a step goes: onnxruntime's own profile of a training graph, summed by operator and by operator and shapes,
// beside the float32 graph of the same model. `npx tsx scripts/bench/profile.ts <model> [batch] [lines]`. Profiling itself costs
// some microseconds a node, so many small nodes look dearer here than they are.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lowering } from "../../src/ml/graph/index.ts";
import { type Architecture, architecture } from "../../src/ml/index.ts";
import { drawSteps, integerStream, modelBytes, open, openData, runUnit, start } from "../ml-lab.ts";
import { quantile } from "./measure.ts";

const STEPS = 10;
const UNITS = 4;

/** The part of an event of the profile that is read here. */
interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly node_index?: string;
    readonly input_type_shape?: readonly { readonly [type: string]: readonly number[] }[];
  };
}

interface Cost {
  us: number;
  nodes: number;
}
type Costs = Map<string, Cost>;

function add(costs: Costs, name: string, us: number): void {
  const cost = costs.get(name) ?? { us: 0, nodes: 0 };
  cost.us += us;
  cost.nodes++;
  costs.set(name, cost);
}

/** Microseconds per step, by operator and by operator with its input shapes. */
async function profile(model: Architecture, batch: number, lowering: Lowering): Promise<[Costs, Costs]> {
  const folder = await mkdtemp(join(tmpdir(), "pouw-profile-"));
  try {
    const { set, feeds } = await openData(model.data.name);
    const session = await open(modelBytes(model, batch, lowering), { profile: join(folder, "p") });
    const next = integerStream("profile");
    const given = { parameters: start(model), data: feeds };
    for (let unit = 0; unit < UNITS; unit++)
      await runUnit(session, given, drawSteps(model, next, { steps: STEPS, batch, train: set.splits.train }));
    session.endProfiling();
    await session.release();
    const [file = ""] = await readdir(folder);
    return summed(JSON.parse(await readFile(join(folder, file), "utf8")) as ProfileEvent[]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A node's time is the median over its runs: the mean is that of the runs in which a neighbour had the processor. */
function summed(events: readonly ProfileEvent[]): [Costs, Costs] {
  const nodes = new Map<string, { operator: string; shapes: string; times: number[] }>();
  for (const { cat, name, dur, args } of events) {
    const operator = args?.op_name;
    // A loop's time is that of its body's nodes, which are here themselves.
    if (cat !== "Node" || !name.endsWith("_kernel_time") || operator === undefined || operator === "Loop") continue;
    const shapes = (args?.input_type_shape ?? [])
      .map((input) => `[${Object.values(input)[0]?.join(" ") ?? ""}]`)
      .join(" ");
    const key = `${name} ${args?.node_index} ${shapes}`;
    const node = nodes.get(key) ?? { operator, shapes, times: [] };
    node.times.push(dur);
    nodes.set(key, node);
  }
  const [byOperator, byShape]: [Costs, Costs] = [new Map(), new Map()];
  for (const { operator, shapes, times } of nodes.values()) {
    // Nodes outside the loop run once a unit; what runs once a step is what is asked for here.
    if (times.length < STEPS * UNITS) continue;
    const us = quantile(times, 0.5);
    add(byOperator, operator, us);
    add(byShape, `${operator} ${shapes}`, us);
  }
  return [byOperator, byShape];
}

function print(title: string, exact: Costs, plain: Costs, lines: number): void {
  const us = (cost: Cost | undefined): string => (cost?.us ?? 0).toFixed(0).padStart(8);
  const nodes = (cost: Cost | undefined): string => String(cost?.nodes ?? 0).padStart(6);
  const total = (costs: Costs): Cost =>
    [...costs.values()].reduce((sum, cost) => ({ us: sum.us + cost.us, nodes: sum.nodes + cost.nodes }));
  const line = (name: string, a: Cost | undefined, b: Cost | undefined): void =>
    console.log(`${us(a)} us${nodes(a)} nodes ${us(b)} us${nodes(b)} nodes  ${name.slice(0, 120)}`);
  console.log(`${title}: exact, then float32, per step`);
  line("all", total(exact), total(plain));
  const gap = (name: string): number => Math.max(exact.get(name)?.us ?? 0, plain.get(name)?.us ?? 0);
  const names = [...new Set([...exact.keys(), ...plain.keys()])].sort((a, b) => gap(b) - gap(a));
  for (const name of names.slice(0, lines)) line(name, exact.get(name), plain.get(name));
}

const [name = "digits-mlp", batch = "32", lines = "20"] = process.argv.slice(2);
const model = architecture(name);
const [exact, exactShapes] = await profile(model, Number(batch), "int8");
const [plain, plainShapes] = await profile(model, Number(batch), "float32");
print(`${name}, batch ${batch}, by operator`, exact, plain, Number(lines));
print("by operator and shapes", exactShapes, plainShapes, 2 * Number(lines));
