// Which operators an ONNX file uses: what is read of it is the names of nodes and of what they read and make, in the protobuf's own order.
import { PouwError } from "../../base/index.ts";

/** Outputs that people look at and no digest covers: what only they need may be any operator. */
const SHOWN: ReadonlySet<string> = new Set(["loss"]);

/** Numbers of the fields that are read, as onnx.proto has them. */
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, output: 12 } as const;
const NODE = { input: 1, output: 2, operator: 4, attribute: 5 } as const;
const ATTRIBUTE_GRAPH = 6;
const VALUE_NAME = 1;

/** Operators that what is digested of a graph is made by, those inside loops included. Throws BAD_MODEL for what is no ONNX file. */
export function operatorsOf(model: Uint8Array): ReadonlySet<string> {
  const found = new Set<string>();
  for (const graph of fieldsOf(model, MODEL_GRAPH)) collect(graph, SHOWN, found);
  if (found.size === 0) throw malformed();
  return found;
}

/** Adds a graph's operators to `found`; returns the names of all that it reads, those of a graph around it among them. */
function collect(graph: Uint8Array, shown: ReadonlySet<string>, found: Set<string>): ReadonlySet<string> {
  const outputs = fieldsOf(graph, GRAPH.output).flatMap((value) => fieldsOf(value, VALUE_NAME).map(text));
  const needed = new Set(outputs.filter((name) => !shown.has(name)));
  // A file lists its nodes in an order in which they can run: from the end, what a node makes is needed or not by the time it comes.
  for (const node of fieldsOf(graph, GRAPH.node).reverse()) {
    const fields = partsOf(node);
    const all = (number: number): Uint8Array[] => fields.filter(([one]) => one === number).map(([, bytes]) => bytes);
    if (!all(NODE.output).some((name) => needed.has(text(name)))) continue;
    for (const name of all(NODE.input)) needed.add(text(name));
    for (const operator of all(NODE.operator)) found.add(text(operator));
    for (const body of all(NODE.attribute).flatMap((attribute) => fieldsOf(attribute, ATTRIBUTE_GRAPH)))
      for (const name of collect(body, new Set(), found)) needed.add(name);
  }
  return needed;
}

const decoder = new TextDecoder();
const text = (bytes: Uint8Array): string => decoder.decode(bytes);
const fieldsOf = (message: Uint8Array, wanted: number): Uint8Array[] =>
  partsOf(message)
    .filter(([number]) => number === wanted)
    .map(([, bytes]) => bytes);

const malformed = (): PouwError => new PouwError("BAD_MODEL", "A graph is not an ONNX file.");

/** The length-delimited fields of a protobuf message, in order: number and content. */
function partsOf(message: Uint8Array): (readonly [number: number, bytes: Uint8Array])[] {
  const fields: (readonly [number, Uint8Array])[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw malformed();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const kind = key % 8;
    if (kind === 0) varint();
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else if (kind === 2) {
      const length = varint();
      if (length > message.length - at) throw malformed();
      fields.push([Math.floor(key / 8), message.subarray(at, at + length)]);
      at += length;
    } else throw malformed();
  }
  return fields;
}
