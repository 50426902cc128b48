export * from "./bytes.ts";
export * from "./emitter.ts";
export * from "./errors.ts";
export * from "./ids.ts";
export * from "./lru.ts";
export * from "./scope.ts";
export * from "./serial-queue.ts";
export * from "./verdict.ts";
