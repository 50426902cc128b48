// Reference kernels of element-wise operators, of data movement and of what picks or shares over one axis.

import { broadcast } from "./ir.ts";
import type { Call, Kernel, Tensor } from "./kernel.ts";

export const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Row-major strides. */
export function strides(shape: readonly number[]): readonly number[] {
  const out: number[] = [];
  let step = 1;
  for (const dim of shape.toReversed()) {
    out.unshift(step);
    step *= dim;
  }
  return out;
}

/** Calls `visit` with every index of `shape`, in order. The array is reused. */
export function eachIndex(shape: readonly number[], visit: (index: readonly number[]) => void): void {
  const index = shape.map(() => 0);
  const total = count(shape);
  for (let n = 0; n < total; n++) {
    visit(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
}

/** Reads `tensor` by an index of a shape that it is broadcast to. */
function reader({ shape, data }: Tensor): (index: readonly number[]) => number {
  const steps = strides(shape).map((step, axis) => (shape[axis] === 1 ? 0 : step));
  return (index) => {
    const skip = index.length - steps.length;
    let place = 0;
    for (let axis = 0; axis < steps.length; axis++) place += (index[axis + skip] as number) * (steps[axis] as number);
    return data[place] as number;
  };
}

function mapped({ inputs, round }: Call, f: (...values: readonly number[]) => number): readonly Tensor[] {
  const shape = inputs.map((input) => input.shape).reduce((a, b) => broadcast(a, b) as readonly number[]);
  const [x, y, z] = inputs.map((input) => {
    if (count(input.shape) === 1) return () => input.data[0] as number;
    if (input.shape.join() === shape.join()) return (_: readonly number[], at: number) => input.data[at] as number;
    return reader(input);
  }) as ((index: readonly number[], at: number) => number)[];
  const data: number[] = [];
  eachIndex(shape, (index) => {
    const at = data.length;
    const [a, b, c] = [x?.(index, at), y?.(index, at), z?.(index, at)] as [number, number, number];
    data.push(round(z === undefined ? (y === undefined ? f(a) : f(a, b)) : f(a, b, c)));
  });
  return [{ shape, data }];
}

const each =
  (f: (...values: readonly number[]) => number): Kernel =>
  (call) =>
    mapped(call, f);
const two = (f: (a: number, b: number) => number): Kernel => each((a, b) => f(a as number, b as number));
const one = (f: (x: number) => number): Kernel => each((x) => f(x as number));

/** Abramowitz and Stegun 7.1.5, the series: enough digits for |x| < 6, where erf is 1 to double precision beyond. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

export const elementwise: Readonly<{ [op: string]: Kernel | undefined }> = {
  Add: two((a, b) => a + b),
  Sub: two((a, b) => a - b),
  Mul: two((a, b) => a * b),
  Div: two((a, b) => a / b),
  Max: each(Math.max),
  Min: two(Math.min),
  Mod: two((a, b) => a % b),
  Equal: two((a, b) => Number(a === b)),
  Greater: two((a, b) => Number(a > b)),
  GreaterOrEqual: two((a, b) => Number(a >= b)),
  Where: each((test, yes, no) => (test ? (yes as number) : (no as number))),
  Clip: each((x, low, high) => Math.min(Math.max(x as number, low as number), high as number)),
  HardSigmoid: (call) => {
    const { alpha, beta } = call.node.attributes as { readonly [name: string]: { readonly float: number } };
    const [slope, offset] = [Math.fround(alpha?.float ?? 0.2), Math.fround(beta?.float ?? 0.5)];
    return mapped(call, (x) => Math.min(Math.max(slope * (x as number) + offset, 0), 1));
  },
  Relu: one((x) => Math.max(0, x)),
  Sign: one(Math.sign),
  Abs: one(Math.abs),
  Neg: one((x) => -x),
  Sqrt: one(Math.sqrt),
  Exp: one(Math.exp),
  Log: one(Math.log),
  Erf: one(erf),
  Cast: one((x) => x),
  Identity: one((x) => x),
};

/** Picks for each index of the output the element of the first input that `from` names. */
function picked(
  { inputs }: Call,
  shape: readonly number[],
  from: (index: readonly number[]) => readonly number[],
): Tensor {
  const read = reader(inputs[0] as Tensor);
  const data: number[] = [];
  eachIndex(shape, (index) => data.push(read(from(index))));
  return { shape, data };
}

function gather(call: Call): readonly Tensor[] {
  const [x, places] = call.inputs as readonly [Tensor, Tensor];
  const { axis: attribute } = call.node.attributes;
  const axis = attribute as number;
  const rank = places.shape.length;
  const placeAt = reader(places);
  const shape = [...x.shape.slice(0, axis), ...places.shape, ...x.shape.slice(axis + 1)];
  const from = (index: readonly number[]): readonly number[] => {
    const place = placeAt(index.slice(axis, axis + rank));
    return [...index.slice(0, axis), place, ...index.slice(axis + rank)];
  };
  return [picked(call, shape, from)];
}

/** Along the second of two axes. */
function gatherElements(call: Call): readonly Tensor[] {
  const { shape, data } = call.inputs[1] as Tensor;
  const columns = shape[1] as number;
  const from = ([row, column]: readonly number[]): readonly number[] => [
    row as number,
    data[(row as number) * columns + (column as number)] as number,
  ];
  return [picked(call, shape, from)];
}

function transpose(call: Call): readonly Tensor[] {
  const { perm } = call.node.attributes;
  const order = perm as readonly number[];
  const x = call.inputs[0] as Tensor;
  const shape = order.map((axis) => x.shape[axis] as number);
  return [picked(call, shape, (index) => x.shape.map((_, axis) => index[order.indexOf(axis)] as number))];
}

function slice(call: Call): readonly Tensor[] {
  const [x, start, end, axes] = call.inputs as readonly [Tensor, Tensor, Tensor, Tensor];
  const axis = axes.data[0] as number;
  const from = start.data[0] as number;
  const shape = x.shape.map((dim, i) => (i === axis ? (end.data[0] as number) - from : dim));
  return [picked(call, shape, (index) => index.map((place, i) => (i === axis ? place + from : place)))];
}

function split(call: Call): readonly Tensor[] {
  const [x, sizes] = call.inputs as readonly [Tensor, Tensor];
  const { axis } = call.node.attributes;
  let from = 0;
  return sizes.data.map((size) => {
    const start = from;
    from += size;
    const shape = x.shape.map((dim, i) => (i === axis ? size : dim));
    return picked(call, shape, (index) => index.map((place, i) => (i === axis ? place + start : place)));
  });
}

function concat({ node, inputs }: Call): readonly Tensor[] {
  const { axis } = node.attributes;
  const first = inputs[0] as Tensor;
  const total = inputs.reduce((sum, x) => sum + (x.shape[axis as number] as number), 0);
  const shape = first.shape.map((dim, i) => (i === axis ? total : dim));
  const readers = new Map(inputs.map((x) => [x, reader(x)]));
  const data: number[] = [];
  eachIndex(shape, (index) => {
    let place = index[axis as number] as number;
    const source = inputs.find((x) => {
      const size = x.shape[axis as number] as number;
      if (place < size) return true;
      place -= size;
      return false;
    });
    const moved = index.map((old, i) => (i === axis ? place : old));
    data.push(readers.get(source as Tensor)?.(moved) as number);
  });
  return [{ shape, data }];
}

/** Zeros around a tensor. */
function padded(call: Call): readonly Tensor[] {
  const [x, { data: pads }] = call.inputs as readonly [Tensor, Tensor];
  const shape = x.shape.map((dim, axis) => dim + (pads[axis] as number) + (pads[axis + x.shape.length] as number));
  const read = reader(x);
  const data: number[] = [];
  eachIndex(shape, (index) => {
    const place = index.map((i, axis) => i - (pads[axis] as number));
    const inside = place.every((i, axis) => i >= 0 && i < (x.shape[axis] as number));
    data.push(inside ? read(place) : 0);
  });
  return [{ shape, data }];
}

function argMax({ inputs }: Call): readonly Tensor[] {
  const { shape, data } = inputs[0] as Tensor;
  const [rows, columns] = shape as readonly [number, number];
  const best = Array.from({ length: rows }, (_, row) => {
    const values = data.slice(row * columns, (row + 1) * columns);
    return values.indexOf(Math.max(...values));
  });
  return [{ shape: [rows], data: best }];
}

/** Over the last axis. */
function softmax({ inputs, round }: Call): readonly Tensor[] {
  const { shape, data } = inputs[0] as Tensor;
  const width = shape.at(-1) as number;
  const rows = Array.from({ length: data.length / width }, (_, row) => data.slice(row * width, (row + 1) * width));
  const shares = rows.flatMap((row) => {
    const top = Math.max(...row);
    const powers = row.map((x) => Math.exp(x - top));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((x) => round(x / sum));
  });
  return [{ shape, data: shares }];
}

export const moved: Readonly<{ [op: string]: Kernel | undefined }> = {
  Gather: gather,
  GatherElements: gatherElements,
  Transpose: transpose,
  Slice: slice,
  Split: split,
  Concat: concat,
  ArgMax: argMax,
  Softmax: softmax,
  Reshape: ({ inputs, output }) => [{ shape: output.shape as readonly number[], data: (inputs[0] as Tensor).data }],
  Pad: padded,
  Expand: (call) => [picked(call, call.output.shape as readonly number[], (index) => index)],
};
