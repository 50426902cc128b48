export * from "./check.ts";
export * from "./draw.ts";
export * from "./move.ts";
export * from "./season.ts";
export * from "./task.ts";
export * from "./unit.ts";
