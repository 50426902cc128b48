export * from "./catalog.ts";
export * from "./manifest.ts";
export * from "./parameters.ts";
export * from "./types.ts";
export * from "./unit.ts";
export * from "./vectors.ts";
