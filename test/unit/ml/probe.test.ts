// Operator vectors: recorded bits, one row for every operator of exact graphs, and what they are there to see.
import { describe, expect, it } from "vitest";
import { evaluate, type Graph, type Probe, probeBits, probeOf } from "../../../src/ml/graph/index.ts";
import { PROBE_BITS } from "../../../src/ml/graph/probe-bits.ts";
import { PROBE_ROWS } from "../../../src/ml/graph/probe-rows.ts";
import { REDUCTIONS } from "../../../src/ml/graph/reductions.ts";
import { RULES } from "../../../src/ml/graph/rules.ts";

const OPERATORS = Object.keys(PROBE_ROWS).sort();

/** The digest of each operator's outputs, where `wrong` changes what an operator gives. */
function bitsBy(probe: Probe, wrong: (operator: string, value: number) => number = (_, value) => value): object {
  const values = evaluate(probe.graph, probe.inputs, "float32");
  return Object.fromEntries(
    probe.parts.map(({ operator, outputs }) => {
      const given = outputs.map((name) => {
        const data = values.get(name)?.data ?? [];
        const { dtype } = probe.graph.values.get(name) ?? {};
        if (dtype === "int32") return Int32Array.from(data);
        return Float32Array.from(data, (value) => wrong(operator, value));
      });
      return [operator, probeBits(given)];
    }),
  );
}

describe("the vectors of operators", () => {
  const probe = probeOf(OPERATORS);

  it("are what the reference evaluator gives, bit for bit as recorded", () => {
    expect(bitsBy(probe)).toEqual(PROBE_BITS);
  });

  it("do not depend on which operators stand beside them", () => {
    for (const operator of OPERATORS) expect(bitsBy(probeOf([operator]))).toEqual({ [operator]: PROBE_BITS[operator] });
  });

  it("are there for every operator that the checker allows and a layer writes", () => {
    const allowed = [...Object.keys(RULES), ...Object.keys(REDUCTIONS), "Sub"];
    // Nothing writes it yet: who brings it brings its vectors.
    expect(allowed.filter((operator) => !OPERATORS.includes(operator))).toEqual(["Unsqueeze"]);
  });

  it("are none for other operators, and need none for a loop", () => {
    expect(() => probeOf(["Add", "Exp"])).toThrow(/no vectors of the operator Exp/);
    expect(probeOf(["Loop", "Add", "Add"]).parts.map(({ operator }) => operator)).toEqual(["Add"]);
  });

  it("read each number from an input: nothing is worked out before it runs", () => {
    const constants = (graph: Graph): number => graph.constants.reduce((sum, { data }) => sum + data.length, 0);
    expect(constants(probe.graph)).toBeLessThan(100);
  });

  const DENORMAL = 2 ** -126;
  const slips: readonly (readonly [string, (value: number) => number])[] = [
    ["one unit off in the last place", (value) => Math.fround(value * (1 - 2 ** -24))],
    ["denormals as zero", (value) => (Math.abs(value) < DENORMAL ? 0 : value)],
    ["numbers of 16 bits, as bfloat16", (value) => Math.fround(value + value * 65_280) - Math.fround(value * 65_280)],
  ];
  it.each(slips)("see %s in every operator that computes", (_what, slip) => {
    const computing = ["Add", "Sub", "Mul", "Div"];
    const seen = bitsBy(probe, (_operator, value) => slip(value)) as { readonly [operator: string]: string };
    for (const operator of computing) expect(seen[operator], operator).not.toBe(PROBE_BITS[operator]);
  });

  it("do not tell the sign of a zero, which no digest does", () => {
    expect(bitsBy(probe, (_operator, value) => (value === 0 ? -0 : value))).toEqual(PROBE_BITS);
  });
});
