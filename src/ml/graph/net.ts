// What a layer is written against: a graph under construction, its tape for reverse-mode differentiation, and its lowering.
import { PouwError } from "../../base/index.ts";
import type { GraphBuilder } from "./builder.ts";
import { type Gridded, gridWeight, leave, quantize, roundTo } from "./grid.ts";
import type { Value } from "./ir.ts";
import { add } from "./ops.ts";

/** `exact`: same bits everywhere. `float32`: the same model with plain operators, to compare accuracy and speed with. */
export type Lowering = "exact" | "float32";

/** Bits of the operands of products: integers of magnitude at most 2^bits. */
export interface Precision {
  readonly activation: number;
  readonly weight: number;
  readonly gradient: number;
}

/** A parameter inside a graph. `value` is biased in the exact lowering, see grid.ts. */
export interface Param {
  readonly value: Value;
  readonly exponent: number;
}

type Vjp = (dy: Value) => readonly (Value | undefined)[];
interface TapeEntry {
  readonly outputs: readonly Value[];
  readonly inputs: readonly Value[];
  readonly vjp: (dys: readonly Value[]) => readonly (Value | undefined)[];
}

/** The scales follow magnitudes down to these, no further. */
const FLOORS = { activation: 2 ** -20, gradient: 2 ** -30 } as const;
export type Role = keyof typeof FLOORS;

export class Net {
  readonly g: GraphBuilder;
  readonly exact: boolean;
  readonly bits: Precision;
  readonly #tape: TapeEntry[] = [];
  readonly #tracked = new Set<string>();
  readonly #grids = new Map<string, Gridded>();
  readonly #spread = new Map<string, (operand: (from: Value) => Gridded) => Gridded>();
  readonly #bounds = new Map<string, number>();
  readonly #real = new Map<string, Value>();
  readonly #nonNegative = new Set<string>();

  constructor(options: { readonly lowering: Lowering; readonly bits: Precision }, g: GraphBuilder) {
    this.g = g;
    this.exact = options.lowering === "exact";
    this.bits = options.bits;
  }

  /** Declares a parameter: gradients are asked for by its `value`. */
  param(value: Value, exponent: number): Param {
    this.#tracked.add(value.id);
    return { value, exponent };
  }

  /** The parameter's real values. Gradients with respect to them are the parameter's. */
  real(param: Param): Value {
    if (!this.exact) return param.value;
    const known = this.#real.get(param.value.id);
    if (known !== undefined) return known;
    const made = leave(this.g, param.value, param.exponent);
    this.record(made, [param.value], (dy) => [dy]);
    this.#real.set(param.value.id, made);
    return made;
  }

  /** The parameter as the operand of a product. */
  weight(param: Param, bits: number = this.bits.weight): Gridded {
    if (!this.exact) return { value: param.value, max: 0 };
    return this.#grid(`w${bits}:${param.value.id}`, () => gridWeight(this.g, param.value, param.exponent, bits));
  }

  /** A tensor as the operand of a product; one scale for the whole tensor. In the plain lowering the tensor itself. */
  operand(x: Value, role: Role, bits: number = this.bits[role]): Gridded {
    if (!this.exact) return { value: x, max: 0 };
    const known = this.#grids.get(x.id);
    if (known !== undefined && known.max <= 2 ** bits) return known;
    const spread = this.#spread.get(x.id);
    if (spread !== undefined)
      return this.#grid(`${bits}:${x.id}`, () => spread((from) => this.operand(from, role, bits)));
    const bound = this.#bounds.get(x.id);
    if (bound !== undefined) {
      const step = Math.log2(bound) - bits;
      return this.#grid(`${bits}:${x.id}`, () => ({ value: roundTo(this.g, x, step), max: 2 ** bits }));
    }
    const nonNegative = this.#nonNegative.has(x.id);
    return this.#grid(`${bits}:${x.id}`, () => quantize(this.g, x, { bits, floor: FLOORS[role], nonNegative }));
  }

  /** Tells that `x` is on a grid already. */
  onGrid(x: Value, max: number): Value {
    this.#grids.set(x.id, { value: x, max });
    return x;
  }

  /** Tells which grid tensor stands for `x` in products. */
  gridOf(x: Value, gridded: Gridded): void {
    this.#grids.set(x.id, gridded);
  }

  /** Tells that `x` holds the values of a smaller tensor and zeros, so that it is cheaper to round those and spread them again. */
  spreads(x: Value, from: Value, spread: (from: Value) => Value): Value {
    this.#spread.set(x.id, (operand) => {
      const { value, max } = operand(from);
      return { value: spread(value), max };
    });
    return x;
  }

  /** Tells that no magnitude in `x` is above `bound`, a power of two: its grid is fixed, which saves looking for the largest. */
  bounded(x: Value, bound: number): Value {
    this.#bounds.set(x.id, bound);
    return x;
  }

  /** Tells that `x` has no negative value. */
  nonNegative(x: Value): Value {
    this.#nonNegative.add(x.id);
    return x;
  }

  /** Whether a gradient flows through `x`. */
  tracks(x: Value): boolean {
    return this.#tracked.has(x.id);
  }

  /** Puts an operation on the tape; `vjp` gives the gradients of `inputs` from that of `output`. */
  record(output: Value, inputs: readonly Value[], vjp: Vjp): Value {
    this.#push({ outputs: [output], inputs, vjp: ([dy]) => vjp(dy as Value) });
    return output;
  }

  /** The same for several outputs of one input. All of them must be used. */
  recordMany(outputs: readonly Value[], input: Value, vjp: (dys: readonly Value[]) => Value): readonly Value[] {
    this.#push({ outputs, inputs: [input], vjp: (dys) => [vjp(dys)] });
    return outputs;
  }

  #push(entry: TapeEntry): void {
    if (!entry.inputs.some((input) => this.tracks(input))) return;
    for (const output of entry.outputs) this.#tracked.add(output.id);
    this.#tape.push(entry);
  }

  /** Gradients of `wrt` when that of `root` is `seed`. Several paths to one value are added in the tape's order. */
  gradients(root: Value, seed: Value, wrt: readonly Value[]): readonly Value[] {
    const found = new Map<string, Value>([[root.id, seed]]);
    for (const { outputs, inputs, vjp } of this.#tape.toReversed()) {
      const dys = outputs.flatMap((output) => found.get(output.id) ?? []);
      if (dys.length === 0) continue;
      if (dys.length < outputs.length) throw new PouwError("BAD_GRAPH", "A part of a split value is not used.");
      vjp(dys).forEach((dx, i) => {
        const input = inputs[i];
        if (input === undefined || dx === undefined || !this.tracks(input)) return;
        const before = found.get(input.id);
        found.set(input.id, before === undefined ? dx : add(this.g, before, dx));
      });
    }
    return wrt.map((value) => {
      const gradient = found.get(value.id);
      if (gradient === undefined) throw new PouwError("BAD_GRAPH", `Nothing depends on ${value.id}.`);
      return gradient;
    });
  }

  #grid(key: string, make: () => Gridded): Gridded {
    const known = this.#grids.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#grids.set(key, made);
    return made;
  }
}
