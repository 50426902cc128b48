// The graph language: typed values, nodes and graphs, as plain data. One graph is what one ONNX file (or one Loop body) holds.
import { PouwError } from "../../base/index.ts";

export type DType = "float32" | "int64" | "int32" | "uint8" | "int8" | "bool";
/** A size, or the name of one that is known only when the graph runs. */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** A tensor of a graph: what a node makes, an input, or a constant. */
export interface Value {
  readonly id: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export type Attribute =
  | number
  | readonly number[]
  | { readonly float: number }
  | { readonly text: string }
  | { readonly graph: Graph };

export interface Node {
  /** ONNX operator of the default domain, or of the one that onnx.ts knows it in. */
  readonly op: string;
  /** Ids; an empty string is an input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Constant extends Value {
  /** Row-major; booleans as 0 and 1. */
  readonly data: readonly number[];
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly constants: readonly Constant[];
  readonly nodes: readonly Node[];
  /** Type and shape of every id, those of an enclosing graph included. */
  readonly values: ReadonlyMap<string, Value>;
}

/** Sizes of a shape that has no open dimension; throws BAD_GRAPH otherwise. */
export function fixed(shape: Shape): readonly number[] {
  return shape.map((dim) => {
    if (typeof dim !== "number") throw new PouwError("BAD_GRAPH", `Dimension ${dim} must be known here.`);
    return dim;
  });
}

/** Number of elements of a fixed shape. */
export function sizeOf(shape: Shape): number {
  return fixed(shape).reduce((product, dim) => product * dim, 1);
}

/** Size at `axis`, negative axes counted from the end. */
export function dimAt(shape: Shape, axis: number): number {
  return fixed(shape).at(axis) ?? 1;
}

/** Shape of an element-wise operation, as ONNX broadcasts; throws BAD_GRAPH when the shapes do not fit. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new PouwError("BAD_GRAPH", `Shapes [${a.join(",")}] and [${b.join(",")}] do not fit.`);
  });
}

/** The graphs inside a node: a Loop's body. */
export function bodies(node: Node): readonly Graph[] {
  return Object.values(node.attributes).flatMap((item) =>
    typeof item === "object" && "graph" in item ? [item.graph] : [],
  );
}
