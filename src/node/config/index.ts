export * from "./arguments.ts";
export * from "./load.ts";
export * from "./resolve.ts";
export * from "./settings.ts";
export * from "./suggest.ts";
export * from "./table.ts";
