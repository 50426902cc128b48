// Writes a graph as an ONNX file. The protobuf subset is small enough to write by hand, and the same graph always gives the same bytes.
import { concatBytes, utf8 } from "../../base/index.ts";
import { type Attribute, bodies, type Constant, type Graph, type Node, type Value } from "./ir.ts";
import { dtypeCode } from "./ops.ts";

const IR_VERSION = 8;
const OPSET = 18;
/** Domains beside the default one, each with its version and the operators that are of it. */
const DOMAINS = [{ name: "com.microsoft", version: 1, ops: new Set(["MatMulIntegerToFloat"]) }] as const;

function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const out: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(out);
}

const int = (field: number, value: number): Uint8Array => concatBytes(varint(field << 3), varint(value));
const bytes = (field: number, value: Uint8Array): Uint8Array =>
  concatBytes(varint((field << 3) | 2), varint(value.length), value);
const text = (field: number, value: string): Uint8Array => bytes(field, utf8(value));
const message = (field: number, ...parts: readonly Uint8Array[]): Uint8Array => bytes(field, concatBytes(...parts));

function float(field: number, value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setFloat32(0, value, true);
  return concatBytes(varint((field << 3) | 5), out);
}

/** Little-endian bytes of a constant. */
function rawData({ dtype, data }: Constant): Uint8Array {
  const width = { float32: 4, int64: 8, int32: 4, uint8: 1, int8: 1, bool: 1 }[dtype];
  const view = new DataView(new ArrayBuffer(width * data.length));
  data.forEach((x, i) => {
    if (dtype === "float32") view.setFloat32(4 * i, x, true);
    else if (dtype === "int64") view.setBigInt64(8 * i, BigInt(x), true);
    else if (dtype === "int32") view.setInt32(4 * i, x, true);
    else if (dtype === "int8") view.setInt8(i, x);
    else view.setUint8(i, x);
  });
  return new Uint8Array(view.buffer);
}

const tensor = (constant: Constant): Uint8Array =>
  concatBytes(
    ...constant.shape.map((dim) => int(1, dim as number)),
    int(2, dtypeCode(constant.dtype)),
    text(8, constant.id),
    bytes(9, rawData(constant)),
  );

const valueInfo = (value: Value): Uint8Array => {
  const dims = value.shape.map((dim) => message(1, typeof dim === "number" ? int(1, dim) : text(2, dim)));
  return concatBytes(text(1, value.id), message(2, message(1, int(1, dtypeCode(value.dtype)), message(2, ...dims))));
};

function attribute(name: string, value: Attribute): Uint8Array {
  const head = text(1, name);
  if (typeof value === "number") return concatBytes(head, int(3, value), int(20, 2));
  if ("text" in value) return concatBytes(head, text(4, value.text), int(20, 3));
  if ("float" in value) return concatBytes(head, float(2, value.float), int(20, 1));
  if ("graph" in value) return concatBytes(head, bytes(6, graphBytes(value.graph)), int(20, 5));
  return concatBytes(head, ...value.map((x) => int(8, x)), int(20, 7));
}

const node = ({ op, inputs, outputs, attributes }: Node): Uint8Array =>
  concatBytes(
    ...inputs.map((id) => text(1, id)),
    ...outputs.map((id) => text(2, id)),
    text(4, op),
    ...DOMAINS.filter(({ ops }) => ops.has(op)).map(({ name }) => text(7, name)),
    ...Object.entries(attributes).map(([name, value]) => message(5, attribute(name, value))),
  );

function graphBytes(graph: Graph): Uint8Array {
  return concatBytes(
    ...graph.nodes.map((item) => bytes(1, node(item))),
    text(2, graph.name),
    ...graph.constants.map((item) => bytes(5, tensor(item))),
    ...graph.inputs.map((item) => bytes(11, valueInfo(item))),
    ...graph.outputs.map((item) => bytes(12, valueInfo(item))),
  );
}

/** Whether a graph, or one inside it, has one of these operators. */
const uses = (graph: Graph, ops: ReadonlySet<string>): boolean =>
  graph.nodes.some((item) => ops.has(item.op) || bodies(item).some((body) => uses(body, ops)));

/** The ONNX file of `graph`. A domain is imported only where one of its operators is used. */
export function toOnnx(graph: Graph): Uint8Array {
  return concatBytes(
    int(1, IR_VERSION),
    text(2, "pouw-node"),
    bytes(7, graphBytes(graph)),
    message(8, text(1, ""), int(2, OPSET)),
    ...DOMAINS.filter(({ ops }) => uses(graph, ops)).map(({ name, version }) =>
      message(8, text(1, name), int(2, version)),
    ),
  );
}
