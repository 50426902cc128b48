// Collects the nodes of one graph. Ids are counted, constants are shared, and what no output needs is left out.
import { PouwError } from "../../base/index.ts";
import {
  type Attribute,
  bodies,
  type Constant,
  type DType,
  type Graph,
  type Node,
  type Shape,
  type Value,
} from "./ir.ts";

export class GraphBuilder {
  readonly #prefix: string;
  readonly #nodes: Node[] = [];
  readonly #inputs: Value[] = [];
  readonly #constants = new Map<string, Constant>();
  readonly #values = new Map<string, Value>();
  #count = 0;

  /** `prefix` keeps the ids of a Loop body apart from those of the graph around it; the colon after it, all ids that are counted from inputs. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Declares an input of the graph. Throws BAD_GRAPH for a name that another graph could count to. */
  input(id: string, dtype: DType, shape: Shape): Value {
    if (id.includes(":") && !id.startsWith(`${this.#prefix}:`))
      throw new PouwError("BAD_GRAPH", `An input cannot be called ${id}.`);
    const value = this.#define({ id, dtype, shape });
    this.#inputs.push(value);
    return value;
  }

  /** Makes a value of the enclosing graph usable here. */
  outer(value: Value): Value {
    return this.#define(value);
  }

  /** A constant tensor; equal constants are one. Floats are rounded to float32. */
  constant(data: readonly number[], shape: Shape, dtype: DType = "float32"): Constant {
    const rounded = dtype === "float32" ? data.map(Math.fround) : [...data];
    const key = `${dtype}[${shape.join()}]${rounded.map((x) => (Object.is(x, -0) ? "-0" : String(x))).join()}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const made = { id: `${this.#prefix}:c${this.#constants.size}`, dtype, shape, data: rounded };
    this.#constants.set(key, made);
    this.#define(made);
    return made;
  }

  /** A float32 scalar. */
  scalar(value: number): Constant {
    return this.constant([value], []);
  }

  /** Appends a node with one output, of float32 unless `dtype` says otherwise. */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    { shape, dtype = "float32" }: { readonly shape: Shape; readonly dtype?: DType },
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    return this.nodes(op, inputs, [{ shape, dtype }], attributes)[0] as Value;
  }

  /** Appends a node with several outputs. */
  nodes(
    op: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly { readonly shape: Shape; readonly dtype: DType; readonly id?: string }[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): readonly Value[] {
    for (const input of inputs) {
      if (input !== undefined && !this.#values.has(input.id))
        throw new PouwError("BAD_GRAPH", `${op} reads ${input.id}, which is not in this graph.`);
    }
    const made = outputs.map(({ shape, dtype, id }) =>
      this.#define({ id: id ?? `${this.#prefix}:${this.#count++}`, dtype, shape }),
    );
    this.#nodes.push({ op, inputs: inputs.map((v) => v?.id ?? ""), outputs: made.map((v) => v.id), attributes });
    return made;
  }

  /** The graph that makes `outputs`, without the nodes and constants that nothing needs. */
  finish(name: string, outputs: readonly Value[]): Graph {
    const needed = new Set(outputs.map((value) => value.id));
    const kept: Node[] = [];
    for (const node of this.#nodes.toReversed()) {
      if (!node.outputs.some((id) => needed.has(id))) continue;
      kept.push(node);
      for (const id of node.inputs) needed.add(id);
      for (const id of outerIds(node)) needed.add(id);
    }
    const constants = [...this.#constants.values()].filter((constant) => needed.has(constant.id));
    return { name, inputs: this.#inputs, outputs, constants, nodes: kept.reverse(), values: this.#values };
  }

  #define<V extends Value>(value: V): V {
    if (this.#values.has(value.id)) throw new PouwError("BAD_GRAPH", `Two values are called ${value.id}.`);
    this.#values.set(value.id, value);
    return value;
  }
}

/** Ids that a node's sub-graph reads from around it. */
export function outerIds(node: Node): readonly string[] {
  return bodies(node).flatMap((graph) => {
    const own = new Set([...graph.inputs, ...graph.constants].map((value) => value.id));
    for (const inner of graph.nodes) for (const id of inner.outputs) own.add(id);
    const read = [...graph.nodes.flatMap((inner) => inner.inputs), ...graph.outputs.map((value) => value.id)];
    return [...new Set(read)].filter((id) => id !== "" && !own.has(id));
  });
}
