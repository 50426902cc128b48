// Reference kernels of the reductions, summed in double precision and rounded once: for exact graphs no other order differs.

import { count, eachIndex, strides } from "./evaluate-values.ts";
import type { Call, Tensor } from "./kernel.ts";

const place = (index: readonly number[], steps: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum + i * (steps[axis] as number), 0);

export function gemm({ node, inputs, round }: Call): readonly Tensor[] {
  const [a, b, bias] = inputs as readonly [Tensor, Tensor, Tensor | undefined];
  const { transA, transB } = node.attributes;
  const rows = a.shape[transA === 1 ? 1 : 0] as number;
  const inner = a.shape[transA === 1 ? 0 : 1] as number;
  const columns = b.shape[transB === 1 ? 0 : 1] as number;
  const data: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = bias?.data[j] ?? 0;
      for (let k = 0; k < inner; k++) {
        const x = a.data[transA === 1 ? k * rows + i : i * inner + k] as number;
        sum += x * (b.data[transB === 1 ? j * inner + k : k * columns + j] as number);
      }
      data.push(round(sum));
    }
  }
  return [{ shape: [rows, columns], data }];
}

export function matmul({ inputs, round }: Call): readonly Tensor[] {
  const [a, b] = inputs as readonly [Tensor, Tensor];
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const columns = b.shape.at(-1) as number;
  const batch = a.shape.slice(0, -2);
  const data: number[] = [];
  for (let n = 0; n < count(batch); n++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          const x = a.data[(n * rows + i) * inner + k] as number;
          sum += x * (b.data[(n * inner + k) * columns + j] as number);
        }
        data.push(round(sum));
      }
    }
  }
  return [{ shape: [...batch, rows, columns], data }];
}

interface Fold {
  readonly from: number;
  readonly with: (sum: number, value: number) => number;
}
const ADD: Fold = { from: 0, with: (sum, value) => sum + value };
const FOLDS: Readonly<{ [op: string]: Fold | undefined }> = {
  ReduceMax: { from: Number.NEGATIVE_INFINITY, with: Math.max },
  ReduceMin: { from: Number.POSITIVE_INFINITY, with: Math.min },
};

/** ReduceSum, ReduceMax, ReduceMin, ReduceMean. */
export function reduceAll({ node, inputs, round, output }: Call): readonly Tensor[] {
  const [x, axes] = inputs as readonly [Tensor, Tensor];
  const { keepdims } = node.attributes;
  const kept = x.shape.map((dim, axis) => (axes.data.includes(axis) ? 1 : dim));
  const steps = strides(kept);
  const folds = FOLDS[node.op] ?? ADD;
  const data = Array.from({ length: count(kept) }, () => folds.from);
  let at = 0;
  eachIndex(x.shape, (index) => {
    const to = place(
      index.map((i, axis) => (kept[axis] === 1 ? 0 : i)),
      steps,
    );
    const value = x.data[at++] as number;
    data[to] = folds.with(data[to] as number, value);
  });
  const terms = node.op === "ReduceMean" ? count(x.shape) / data.length : 1;
  const shape = keepdims === 0 ? (output.shape as readonly number[]) : kept;
  return [{ shape, data: data.map((sum) => round(sum / terms)) }];
}

/** Conv and ConvTranspose, stride 1, no padding: both add x * w over the same triples of places, read one way or the other. */
export function windowed({ node, inputs, round, output }: Call): readonly Tensor[] {
  const [x, w] = inputs as readonly [Tensor, Tensor];
  const { group = 1 } = node.attributes;
  const back = node.op === "ConvTranspose";
  const shape = output.shape as readonly [number, number, number, number];
  const [wide, narrow] = back ? [shape, x.shape] : [x.shape, shape];
  const [maps, channels, height, width] = w.shape as readonly [number, number, number, number];
  const groups = group as number;
  const steps = { wide: strides(wide), narrow: strides(narrow), kernel: strides(w.shape) };
  const data = Array.from({ length: count(shape) }, () => 0);
  // Every (map, channel, row, column) of the kernel joins one place of the narrow side with one of the wide side.
  eachIndex([narrow[0] as number, maps, channels, narrow[2] as number, narrow[3] as number, height, width], (index) => {
    const [n, m, c, row, column, i, j] = index as readonly [number, number, number, number, number, number, number];
    const from = Math.floor(m / (maps / groups)) * channels + c;
    const big = place([n, from, row + i, column + j], steps.wide);
    const small = place([n, m, row, column], steps.narrow);
    const factor = w.data[place([m, c, i, j], steps.kernel)] as number;
    const [to, of] = back ? [big, small] : [small, big];
    data[to] = (data[to] as number) + factor * (x.data[of] as number);
  });
  return [{ shape, data: data.map(round) }];
}
