export * from "./aggregation/index.ts";
export * from "./data/index.ts";
export * from "./delta/index.ts";
export * from "./models/index.ts";
