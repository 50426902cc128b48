// Operator vectors: for each operator of exact graphs a few nodes of it alone, fixed input bits, and the digest of the output bits that
// the reference evaluator gives. A provider must give the same for every operator that a model's graphs use, before it may work.
import { PouwError, toHex } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import type { Graph } from "./ir.ts";
import type { Tensor } from "./kernel.ts";
import { PROBE_BITS } from "./probe-bits.ts";
import { PROBE_ROWS } from "./probe-rows.ts";
import { ProbeSheet } from "./probe-sheet.ts";

export interface Probe {
  readonly graph: Graph;
  /** What the graph reads, by name. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly parts: readonly ProbePart[];
}
/** One operator of a probe. */
export interface ProbePart {
  readonly operator: string;
  /** Names of its outputs, float32 or int32. */
  readonly outputs: readonly string[];
  /** `probeBits` of them. */
  readonly bits: string;
}

/** They hold a graph and compute nothing: a model's own vectors run them. */
const CARRIERS: ReadonlySet<string> = new Set(["Loop"]);

/** One graph with the vectors of all `operators`. Throws BAD_GRAPH for an operator that has none. */
export function probeOf(operators: Iterable<string>): Probe {
  const sheet = new ProbeSheet();
  const made = [...new Set(operators)]
    .filter((operator) => !CARRIERS.has(operator))
    .sort()
    .map((operator) => {
      const [row, bits] = [PROBE_ROWS[operator], PROBE_BITS[operator]];
      if (row === undefined || bits === undefined)
        throw new PouwError("BAD_GRAPH", `There are no vectors of the operator ${operator}.`);
      return { operator, values: row(sheet.begin(operator)), bits };
    });
  return {
    graph: sheet.g.finish(
      "operators",
      made.flatMap(({ values }) => values),
    ),
    inputs: sheet.inputs,
    parts: made.map(({ operator, values, bits }) => ({ operator, outputs: values.map(({ id }) => id), bits })),
  };
}

/** 128 bits of SHA-256 over the little-endian bytes of an operator's outputs, -0 written as +0: lower-case hex. */
export function probeBits(outputs: readonly (Float32Array | Int32Array)[]): string {
  const bytes = outputs.map((values) => {
    const view = new DataView(new ArrayBuffer(4 * values.length));
    for (const [i, value] of values.entries())
      if (values instanceof Int32Array) view.setInt32(4 * i, value, true);
      else view.setFloat32(4 * i, value + 0, true);
    return new Uint8Array(view.buffer);
  });
  return toHex(sha256(...bytes).subarray(0, 16));
}
