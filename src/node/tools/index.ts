export * from "./doctor.ts";
export { replayStore } from "./replay.ts";
export * from "./reports.ts";
export { verifyChain } from "./verify.ts";
