// The exactness checker: proves from the nodes alone that a graph gives the same bits everywhere, or says which node could not.
// It reads what was written, not what the builder meant: an imported graph can be checked the same way.
import { PouwError } from "../../base/index.ts";
import { outerIds } from "./builder.ts";
import { constantFact, type Fact, fact, join, type Within } from "./facts.ts";
import type { Graph, Node, Value } from "./ir.ts";
import { REDUCTIONS } from "./reductions.ts";
import { RULES, subtraction } from "./rules.ts";
import { INTEGERS } from "./rules-integers.ts";
import { RANGES, refuse, type Scope, whole } from "./scope.ts";

/** Outputs that people look at and no digest covers. */
const SHOWN = new Set(["loss"]);
/** Attempts to find bounds that a loop's state keeps; each doubles what grew. */
const ROUNDS = 200;
/** Operators that may be fused into a product and then round inside its sum. */
const FUSED: ReadonlySet<string> = new Set(["Add", "Sum", "BatchNormalization"]);
const SUMS: ReadonlySet<string> = new Set(["MatMul", "Conv", "ConvTranspose"]);

/** Throws BAD_GRAPH, naming the operator, unless every output of `graph` but the loss is proven exact and finite. */
export function checkExact(graph: Graph): void {
  interpret(neededFor(graph), new Map(graph.inputs.map((value) => [value.id, inputFact(value)])));
}

/** What is proven of each value of a graph: for tests and for people who wonder. */
export function factsOf(graph: Graph): ReadonlyMap<string, Fact> {
  return interpret(neededFor(graph), new Map(graph.inputs.map((value) => [value.id, inputFact(value)])));
}

function inputFact({ dtype }: Value): Fact {
  const [low, high] = RANGES[dtype];
  return dtype === "float32" ? fact(low, high) : whole(low, high);
}

/** The graph without the nodes that only a shown output needs. */
function neededFor(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ id }) => id).filter((id) => !SHOWN.has(id)));
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((id) => needed.has(id))) return false;
    for (const id of [...node.inputs, ...outerIds(node)]) needed.add(id);
    return true;
  });
  return { ...graph, nodes: nodes.reverse() };
}

function interpret(graph: Graph, known: ReadonlyMap<string, Fact>): Map<string, Fact> {
  const facts = new Map(known);
  const constants = new Map(graph.constants.map((constant) => [constant.id, constant]));
  for (const constant of graph.constants) facts.set(constant.id, constantFact(constant));
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((id) => [id, node] as const)));
  const get = (id: string): Fact => {
    const found = facts.get(id);
    if (found === undefined) throw new PouwError("BAD_GRAPH", `${id} is read before it is made.`);
    return found;
  };
  const learn = (id: string, more: Within): void => {
    const before = get(id);
    facts.set(id, { ...before, within: [...before.within, more] });
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.filter((id) => id !== "").map(get);
    if (node.op === "Loop") {
      loop(node, inputs, facts);
      continue;
    }
    const scope: Scope = {
      node,
      inputs,
      value: (id) => graph.values.get(id) as Value,
      constant: (id) => constants.get(id),
      maker: (id) => makers.get(id),
      fact: get,
      learn,
    };
    refuseFusions(scope);
    const made = node.op === "Sub" ? subtraction(scope, get) : ruleOf(node)(scope);
    for (const id of node.outputs) facts.set(id, made);
  }
  return facts;
}

function ruleOf(node: Node): (scope: Scope) => Fact {
  return (
    REDUCTIONS[node.op] ?? INTEGERS[node.op] ?? RULES[node.op] ?? refuse(node, "is not an operator of exact graphs")
  );
}

/** A runtime may merge a product with what follows it; where the merged operator could round, the graph is refused. */
function refuseFusions({ node, maker, constant }: Scope): void {
  for (const id of node.inputs) {
    const before = maker(id);
    if (before === undefined || !SUMS.has(before.op)) continue;
    if (FUSED.has(node.op)) refuse(node, `could be fused with ${before.op}`);
    if (node.op !== "Mul" && node.op !== "Div") continue;
    const factors = node.inputs.flatMap((other) => constant(other)?.data ?? []);
    if (factors.some((x) => Math.log2(Math.abs(x)) % 1 !== 0)) refuse(node, `could be fused with ${before.op}`);
  }
}

/** Finds bounds of the state that one pass of the body keeps, starting from the state before the loop. */
function loop(node: Node, inputs: readonly Fact[], facts: Map<string, Fact>): void {
  const { body } = node.attributes;
  if (typeof body !== "object" || !("graph" in body)) refuse(node, "has no body");
  const { graph } = body;
  const [iteration, going, ...state] = graph.inputs as readonly [Value, Value, ...Value[]];
  // Inputs of the node: steps, then the state (the condition is left out).
  // Only intervals are carried round: a grid that the start is on need not be one that the body keeps.
  let held = inputs.slice(inputs.length - state.length).map(({ low, high }) => fact(low, high));
  for (let round = 0; round < ROUNDS; round++) {
    const known = new Map(facts);
    known.set(iteration.id, inputFact(iteration));
    known.set(going.id, inputFact(going));
    state.forEach((value, i) => {
      known.set(value.id, held[i] as Fact);
    });
    const after = interpret(graph, known);
    const ends = graph.outputs.slice(1).map(({ id }) => after.get(id) as Fact);
    if (ends.every((end, i) => contains(held[i] as Fact, end))) {
      node.outputs.forEach((id, i) => {
        facts.set(id, held[i] as Fact);
      });
      return;
    }
    held = ends.map((end, i) => widened(held[i] as Fact, end));
  }
  refuse(node, "has a state that may grow without bound");
}

const contains = (outer: Fact, inner: Fact): boolean => outer.low <= inner.low && outer.high >= inner.high;

/** Covers both; an end that had to move goes to the next power of two beyond. */
function widened(before: Fact, after: Fact): Fact {
  if (contains(before, after)) return before;
  const both = join([before, after]);
  const beyond = (x: number): number => (x === 0 ? 0 : Math.sign(x) * 2 ** (Math.floor(Math.log2(Math.abs(x))) + 1));
  const low = after.low < before.low ? beyond(both.low) : both.low;
  const high = after.high > before.high ? beyond(both.high) : both.high;
  return fact(low, high);
}
