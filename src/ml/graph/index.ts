export * from "./activations.ts";
export * from "./attention.ts";
export * from "./builder.ts";
export * from "./check.ts";
export * from "./conv.ts";
export * from "./effort.ts";
export * from "./evaluate.ts";
export * from "./grid.ts";
export * from "./ir.ts";
export type { Tensor } from "./kernel.ts";
export * from "./linear.ts";
export * from "./net.ts";
export * from "./norm.ts";
export * from "./onnx.ts";
export * from "./operand.ts";
export {
  add,
  cast,
  clip,
  div,
  equal,
  exp,
  gather,
  gatherRows,
  greater,
  identity,
  log,
  max,
  mul,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  scale,
  shiftRight,
  slice,
  sqrt,
  sub,
  transpose,
} from "./ops.ts";
export { type Probe, type ProbePart, probeBits, probeOf } from "./probe.ts";
export * from "./products.ts";
