export { diskFailure } from "./failures.ts";
export * from "./level-store.ts";
export * from "./memory-store.ts";
