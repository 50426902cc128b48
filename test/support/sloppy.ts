// A library that computes some operators off by one unit in the last place: behind each of them a node more, in every graph that is
// opened, the gate's own included. It knows nothing of the gate, and begins after as many stretches of training as it is told.
import { fromBinary, create as message, toBinary } from "@bufbuild/protobuf";
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import * as ort from "onnxruntime-node";

export interface Sloppiness {
  /** ONNX names. */
  readonly operators: readonly string[];
  /** Stretches that it computes right before it begins. */
  readonly after: number;
}

/** What an operator's result is multiplied by: the float32 before 1, which makes of each number the one before it. */
const FACTOR = "sloppy.factor";
/** What is taken from a result that is an integer. */
const UNITS = "sloppy.units";
const FLOAT32 = 1;
const INT32 = 6;

/** Makes onnxruntime-node sloppy in this thread, for sessions opened from now on; returns what ends that. */
export function beSloppy({ operators, after }: Sloppiness): () => void {
  const Session = ort.InferenceSession as unknown as { create: unknown };
  const original = Session.create;
  const open = ort.InferenceSession.create.bind(ort.InferenceSession);
  let stretches = 0;
  Session.create = async (model: Uint8Array, options: object): Promise<ort.InferenceSession> => {
    const session = await open(withSlips(model, operators), options);
    const run = session.run.bind(session);
    session.run = (feeds: ort.InferenceSession.FeedsType) => {
      const begun = stretches >= after;
      if ("steps" in feeds) stretches++;
      return run({
        ...feeds,
        [FACTOR]: new ort.Tensor("float32", [begun ? 1 - 2 ** -24 : 1], []),
        [UNITS]: new ort.Tensor("int32", [begun ? 1 : 0], []),
      });
    };
    return session;
  };
  return () => {
    Session.create = original;
  };
}

function withSlips(bytes: Uint8Array, operators: readonly string[]): Uint8Array {
  const model: ModelProto = fromBinary(ModelProtoSchema, bytes);
  const { graph } = model;
  if (graph === undefined) throw new Error("no graph");
  slip(graph, operators);
  for (const [name, elemType] of [
    [FACTOR, FLOAT32],
    [UNITS, INT32],
  ] as const)
    graph.input.push(
      message(ValueInfoProtoSchema, {
        name,
        type: { value: { case: "tensorType", value: { elemType, shape: { dim: [] } } } },
      }),
    );
  return toBinary(ModelProtoSchema, model);
}

function slip(graph: GraphProto, operators: readonly string[]): void {
  graph.node = graph.node.flatMap((node): NodeProto[] => {
    for (const { g } of node.attribute) if (g !== undefined) slip(g, operators);
    if (!operators.includes(node.opType)) return [node];
    const to = Number(node.attribute.find(({ name }) => name === "to")?.i ?? FLOAT32);
    if (to !== FLOAT32 && to !== INT32) return [node];
    const made = node.output;
    node.output = made.map((name) => `${name}.right`);
    const slips = made.map((name) =>
      message(NodeProtoSchema, {
        opType: to === FLOAT32 ? "Mul" : "Sub",
        input: [`${name}.right`, to === FLOAT32 ? FACTOR : UNITS],
        output: [name],
      }),
    );
    return [node, ...slips];
  });
}
