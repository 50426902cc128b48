export * from "./block.ts";
export * from "./messages.ts";
export * from "./ssz.ts";
export * from "./work.ts";
