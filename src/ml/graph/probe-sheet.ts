// Where the vectors of operators are written: nodes, and fixed numbers for them to read, the same on every machine.
import { GraphBuilder } from "./builder.ts";
import type { DType, Value } from "./ir.ts";
import type { Tensor } from "./kernel.ts";

export class ProbeSheet {
  readonly g = new GraphBuilder("p");
  readonly inputs = new Map<string, Tensor>();
  #operator = "";
  #state = 1;

  /** Begins an operator: what it draws does not depend on those before it. */
  begin(operator: string): this {
    this.#operator = operator;
    this.#state = [...operator].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7) | 1;
    return this;
  }

  input(data: readonly number[], shape: readonly number[] = [data.length], dtype: DType = "float32"): Value {
    const value = this.g.input(`${this.#operator}.${this.inputs.size}`, dtype, shape);
    this.inputs.set(value.id, { shape, data: dtype === "float32" ? data.map(Math.fround) : data });
    return value;
  }

  /** A whole number from 0 to `limit` - 1 (xorshift). */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % limit;
  }

  /** Float32 numbers of any sign and mantissa, from 2^-reach to 2^reach in size. */
  reals(count: number, reach: number): number[] {
    const one = (): number => {
      const size = (1 + this.below(2 ** 23) * 2 ** -23) * 2 ** (this.below(2 * reach) - reach);
      return this.below(2) === 0 ? size : -size;
    };
    return Array.from({ length: count }, one);
  }

  /** Whole numbers up to `max` in size; the first `full` are `max` itself. */
  wholes(count: number, max: number, full = 0): number[] {
    return Array.from({ length: count }, (_, i) => (i < full ? max : this.below(2 * max + 1) - max));
  }
}

/** Writes an operator's nodes; what they make is float32 or int32. */
export type ProbeRow = (sheet: ProbeSheet) => readonly Value[];
