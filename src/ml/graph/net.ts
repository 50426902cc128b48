// What a layer is written against: a graph under construction, its tape for reverse-mode differentiation, and its lowering.
import { PouwError } from "../../base/index.ts";
import type { GraphBuilder } from "./builder.ts";
import type { Value } from "./ir.ts";
import { type Lowering, Operands } from "./operand.ts";
import { add } from "./ops.ts";

/** Bits of the operands of products that are not of bytes: integers of magnitude at most 2^bits. */
export interface Precision {
  readonly activation: number;
  readonly weight: number;
  readonly gradient: number;
}

/** A parameter inside a graph, of magnitude at most `parameterLimit(exponent)`. */
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

export class Net {
  readonly g: GraphBuilder;
  readonly lowering: Lowering;
  /** Same bits everywhere. */
  readonly exact: boolean;
  readonly bits: Precision;
  readonly operands: Operands;
  readonly #tape: TapeEntry[] = [];
  readonly #tracked = new Set<string>();

  constructor(options: { readonly lowering: Lowering; readonly bits: Precision }, g: GraphBuilder) {
    this.g = g;
    this.lowering = options.lowering;
    this.exact = options.lowering !== "float32";
    this.bits = options.bits;
    this.operands = new Operands(g, options.lowering);
  }

  /** Declares a parameter: gradients are asked for by its `value`. */
  param(value: Value, exponent: number): Param {
    this.#tracked.add(value.id);
    this.operands.bounded(value, 2 ** (22 + exponent));
    return { value, exponent };
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
}
