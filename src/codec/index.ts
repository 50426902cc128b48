export * from "./block.ts";
export * from "./evidence.ts";
export * from "./messages.ts";
export * from "./requests.ts";
export * from "./signed-object.ts";
export * from "./ssz.ts";
export * from "./transaction.ts";
export * from "./work.ts";
