export * from "./registry.ts";
export * from "./role.ts";
