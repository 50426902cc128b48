export * from "./artifacts.ts";
export * from "./runtime.ts";
export * from "./signing.ts";
export * from "./store.ts";
export * from "./wire.ts";
export * from "./world.ts";
