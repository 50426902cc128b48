// The reference evaluator: runs a graph in plain TypeScript, node by node. In float32 every result is rounded as IEEE 754 says,
// so an exact graph gives the runtime's bits; in float64 the grids become too fine to see and gradients can be checked by differences.
import { PouwError } from "../../base/index.ts";
import { bytes } from "./evaluate-integers.ts";
import { gemm, matmul, reduceAll, windowed } from "./evaluate-sums.ts";
import { elementwise, moved } from "./evaluate-values.ts";
import type { Graph, Node, Value } from "./ir.ts";
import type { Kernel, Tensor } from "./kernel.ts";

export type Arithmetic = "float32" | "float64";

const KERNELS: readonly Readonly<{ [op: string]: Kernel | undefined }>[] = [
  elementwise,
  moved,
  {
    Gemm: gemm,
    MatMul: matmul,
    ReduceSum: reduceAll,
    ReduceMax: reduceAll,
    ReduceMin: reduceAll,
    ReduceMean: reduceAll,
  },
  { Conv: windowed, ConvTranspose: windowed },
  bytes,
];

/** Outputs of `graph` by name. Throws BAD_GRAPH for an operator it does not know or an input that is missing. */
export function evaluate(
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
  precision: Arithmetic,
): ReadonlyMap<string, Tensor> {
  const values = run(graph, inputs, precision);
  return new Map(graph.outputs.map(({ id }) => [id, values.get(id) as Tensor]));
}

function run(graph: Graph, known: ReadonlyMap<string, Tensor>, precision: Arithmetic): Map<string, Tensor> {
  const values = new Map(known);
  for (const { id, shape, data } of graph.constants) values.set(id, { shape: shape as readonly number[], data });
  for (const node of graph.nodes) {
    const inputs = node.inputs
      .filter((id) => id !== "")
      .map((id) => {
        const found = values.get(id);
        if (found === undefined) throw new PouwError("BAD_GRAPH", `${node.op} misses its input ${id}.`);
        return found;
      });
    const output = graph.values.get(node.outputs[0] as string) as Value;
    const round = precision === "float32" && output.dtype === "float32" ? Math.fround : (x: number): number => x;
    const smooth = precision === "float64";
    const made =
      node.op === "Loop"
        ? loop(node, inputs, values, precision)
        : kernelOf(node)({ node, inputs, round, output, smooth });
    node.outputs.forEach((id, i) => {
      values.set(id, made[i] as Tensor);
    });
  }
  return values;
}

function kernelOf(node: Node): Kernel {
  const found = KERNELS.find((table) => table[node.op] !== undefined)?.[node.op];
  if (found === undefined) throw new PouwError("BAD_GRAPH", `The reference evaluator does not know ${node.op}.`);
  return found;
}

function loop(
  node: Node,
  [steps, ...start]: readonly Tensor[],
  around: ReadonlyMap<string, Tensor>,
  precision: Arithmetic,
): readonly Tensor[] {
  const { body } = node.attributes;
  if (typeof body !== "object" || !("graph" in body)) throw new PouwError("BAD_GRAPH", "A Loop has no body.");
  const { graph } = body;
  let state = start;
  for (let i = 0; i < (steps?.data[0] ?? 0); i++) {
    const scalars: readonly Tensor[] = [
      { shape: [], data: [i] },
      { shape: [], data: [1] },
    ];
    const known = new Map(around);
    graph.inputs.forEach(({ id }, at) => {
      known.set(id, [...scalars, ...state][at] as Tensor);
    });
    const after = run(graph, known, precision);
    state = graph.outputs.slice(1).map(({ id }) => after.get(id) as Tensor);
  }
  return state;
}
