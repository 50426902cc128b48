export * from "./aggregation/index.ts";
export * from "./data/index.ts";
export * from "./delta/index.ts";
export { evaluate, type Probe, type ProbePart, probeBits, probeOf, toOnnx } from "./graph/index.ts";
export * from "./models/index.ts";
