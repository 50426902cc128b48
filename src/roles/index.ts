export * from "./registry.ts";
export * from "./role.ts";
export * from "./task-names.ts";
