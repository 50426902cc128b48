// How much work a graph is, counted from its static shapes: what draws and pay are measured by, whichever lowering runs (protocol section 2).
import { bodies, dimAt, fixed, type Graph, sizeOf, type Value } from "./ir.ts";

/** Products over the last axis of the left side: of real numbers, and of bytes. */
const PRODUCTS: ReadonlySet<string> = new Set(["MatMul", "MatMulIntegerToFloat"]);

/** Multiply-accumulates of one pass; a Loop counts as one pass of its body, so a unit's graph gives those of one step. */
export function multiplyAccumulates(graph: Graph): number {
  let total = 0;
  for (const node of graph.nodes) {
    const shape = (ids: readonly string[], at: number): Value["shape"] =>
      (graph.values.get(ids[at] as string) as Value).shape;
    if (node.op === "Gemm") {
      const { transA } = node.attributes;
      const inner = dimAt(shape(node.inputs, 0), transA === 1 ? 0 : 1);
      total += sizeOf(shape(node.outputs, 0)) * inner;
    } else if (PRODUCTS.has(node.op)) total += sizeOf(shape(node.outputs, 0)) * dimAt(shape(node.inputs, 0), -1);
    else if (node.op === "Conv") {
      const [, ...kernel] = fixed(shape(node.inputs, 1));
      total += kernel.reduce((a, b) => a * b, sizeOf(shape(node.outputs, 0)));
    } else if (node.op === "ConvTranspose") {
      const [, ...kernel] = fixed(shape(node.inputs, 1));
      total += kernel.reduce((a, b) => a * b, sizeOf(shape(node.inputs, 0)));
    }
    total += bodies(node).reduce((sum, body) => sum + multiplyAccumulates(body), 0);
  }
  return total;
}

/** What one element written and one node cost beside a multiply-accumulate: fitted to fourteen graphs' times on one thread. */
const PER_ELEMENT = 4;
const PER_NODE = 5_000;

/** Effort of one pass of the loop's body: multiply-accumulates, elements written and nodes, in multiply-accumulates. */
export function effortOf(graph: Graph): number {
  const body = graph.nodes.flatMap(bodies)[0] ?? graph;
  const written = body.nodes.flatMap((node) => node.outputs.map((id) => sizeOf((body.values.get(id) as Value).shape)));
  const elements = written.reduce((sum, size) => sum + size, 0);
  return multiplyAccumulates(body) + PER_ELEMENT * elements + PER_NODE * body.nodes.length;
}
