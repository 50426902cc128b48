// Reference kernels of bytes: how real numbers become them, their products in 32 bits, and shifts. A smooth run rounds and cuts nothing.
import { count } from "./evaluate-values.ts";
import type { Call, Kernel, Tensor } from "./kernel.ts";
import { halfEven, RANGES } from "./scope.ts";

function quantize({ inputs, output, smooth }: Call): readonly Tensor[] {
  const [x, step, zero] = inputs as readonly [Tensor, Tensor, Tensor | undefined];
  const [scale, shift] = [step.data[0] as number, zero?.data[0] ?? 0];
  const [least, most] = RANGES[output.dtype];
  const cut = (value: number): number => Math.min(Math.max(halfEven(Math.fround(value / scale)) + shift, least), most);
  return [{ shape: x.shape, data: x.data.map((value) => (smooth ? value / scale + shift : cut(value))) }];
}

/** The whole sum as one integer, rounded once, then scaled; a bias is added last. Leading axes are those of the left side. */
function product({ node, inputs, round }: Call): readonly Tensor[] {
  const given = node.inputs.map((id, at) => (id === "" ? undefined : at)).filter((at) => at !== undefined);
  const at = (place: number): Tensor | undefined => inputs[given.indexOf(place)];
  const [a, b] = inputs as readonly [Tensor, Tensor];
  const [za, zb] = [at(4)?.data[0] ?? 0, at(5)?.data[0] ?? 0];
  const factor = round((at(2)?.data[0] ?? 1) * (at(3)?.data[0] ?? 1));
  const bias = at(6)?.data;
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const columns = b.shape.at(-1) as number;
  const data: number[] = [];
  for (let i = 0; i < count(a.shape.slice(0, -2)) * rows; i++)
    for (let j = 0; j < columns; j++) {
      const from = b.shape.length > 2 ? Math.floor(i / rows) * inner : 0;
      let sum = 0;
      for (let k = 0; k < inner; k++)
        sum += ((a.data[i * inner + k] as number) - za) * ((b.data[(from + k) * columns + j] as number) - zb);
      const scaled = round(round(sum) * factor);
      data.push(bias === undefined ? scaled : round(scaled + (bias[j] as number)));
    }
  return [{ shape: [...a.shape.slice(0, -1), columns], data }];
}

const shiftRight: Kernel = ({ inputs: [x, by] }) => [
  { shape: x?.shape ?? [], data: (x?.data ?? []).map((value) => Math.floor(value / 2 ** (by?.data[0] ?? 0))) },
];

export const bytes: Readonly<{ [op: string]: Kernel | undefined }> = {
  QuantizeLinear: quantize,
  MatMulIntegerToFloat: product,
  BitShift: shiftRight,
};
