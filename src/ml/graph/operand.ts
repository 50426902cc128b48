// The factors of products, each made once per tensor: integers times one power of two for the whole tensor, held as float32 or as bytes.
import type { GraphBuilder } from "./builder.ts";
import { type Gridded, powerOver, roundTo, roundToUnit } from "./grid.ts";
import type { Value } from "./ir.ts";
import { quantizeLinear, scale } from "./ops.ts";

/** `int8` and `float` are one arithmetic; `float32` is the same model with plain operators, to compare accuracy and speed with. */
export type Lowering = "int8" | "float" | "float32";

/** A factor of a product; `bytes` where it is held as integers + zero, each worth `step`. */
export interface Operand extends Gridded {
  readonly bytes?: { readonly zero: number; readonly step: Value };
}

/** The scales follow magnitudes down to these, no further. */
const FLOORS = { activation: 2 ** -20, gradient: 2 ** -30 } as const;
export type Role = keyof typeof FLOORS;

/** Magnitudes are at most 2^bits. */
interface Wanted {
  readonly role: Role;
  readonly bits: number;
}
type Side = "left" | "right" | "real";

export class Operands {
  readonly #g: GraphBuilder;
  readonly #lowering: Lowering;
  readonly #made = new Map<string, Operand>();
  readonly #given = new Map<string, Operand>();
  readonly #powers = new Map<string, Value>();
  readonly #bounds = new Map<string, number>();
  readonly #nonNegative = new Set<string>();

  constructor(g: GraphBuilder, lowering: Lowering) {
    this.#g = g;
    this.#lowering = lowering;
  }

  /**
   * The left factor of a product of bytes, unsigned: 7 bits and a sign, or 8 and none, beside 6 bits and a sign; 6 and a sign, or 7 and
   * none, beside 7 and a sign. Then no processor saturates, however it adds.
   */
  left(x: Value, role: Role, bits: number): Operand {
    return this.#operand(x, { role, bits }, "left");
  }

  /** The right factor, signed: of at most 7 bits and a sign. */
  right(x: Value, role: Role, bits: number): Operand {
    return this.#operand(x, { role, bits }, "right");
  }

  /** A factor of a product, or a summand, of float32 in either lowering. */
  real(x: Value, role: Role, bits: number): Operand {
    return this.#operand(x, { role, bits }, "real");
  }

  /** Tells that `x` is a factor already, on whichever side. */
  give(x: Value, operand: Operand): Value {
    this.#given.set(x.id, operand);
    return x;
  }

  /** Tells that no magnitude in `x` is above INSIDE * bound, `bound` being a power of two: its scale is fixed. */
  bounded(x: Value, bound: number): Value {
    this.#bounds.set(x.id, bound);
    return x;
  }

  /** Tells that `x` has no negative value. */
  nonNegative(x: Value): Value {
    this.#nonNegative.add(x.id);
    return x;
  }

  isNonNegative(x: Value): boolean {
    return this.#nonNegative.has(x.id);
  }

  #operand(x: Value, wanted: Wanted, side: Side): Operand {
    const { bits } = wanted;
    if (this.#lowering === "float32") return { value: x, max: 0 };
    const given = this.#given.get(x.id);
    if (given !== undefined) return given;
    const held: Side = this.#lowering === "int8" ? side : "real";
    const key = `${held} ${bits} ${x.id}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = held === "real" ? this.#onGrid(x, wanted) : this.#asBytes(x, wanted, held);
    this.#made.set(key, made);
    return made;
  }

  #onGrid(x: Value, { role, bits }: Wanted): Operand {
    const bound = this.#bounds.get(x.id);
    const value =
      bound === undefined
        ? roundToUnit(this.#g, x, this.#power(x, role), 1 - bits)
        : roundTo(this.#g, x, Math.log2(bound) - bits);
    return { value, max: 2 ** bits };
  }

  #asBytes(x: Value, { role, bits }: Wanted, side: "left" | "right"): Operand {
    const bound = this.#bounds.get(x.id);
    const step =
      bound === undefined
        ? scale(this.#g, this.#power(x, role), 2 ** (1 - bits))
        : this.#g.scalar(2 ** (Math.log2(bound) - bits));
    const zero = side === "right" || this.isNonNegative(x) ? 0 : 2 ** bits;
    const value = quantizeLinear(this.#g, x, step, { dtype: side === "left" ? "uint8" : "int8", zero });
    return { value, max: 2 ** bits, bytes: { zero, step } };
  }

  #power(x: Value, role: Role): Value {
    const known = this.#powers.get(x.id);
    if (known !== undefined) return known;
    const made = powerOver(this.#g, x, { floor: FLOORS[role], nonNegative: this.isNonNegative(x) });
    this.#powers.set(x.id, made);
    return made;
  }
}
