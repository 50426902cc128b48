export * from "./activations.ts";
export * from "./builder.ts";
export * from "./grid.ts";
export * from "./ir.ts";
export * from "./macs.ts";
export * from "./net.ts";
export * from "./onnx.ts";
export * from "./products.ts";
