export * from "./config.ts";
export * from "./config-load.ts";
export * from "./config-schema.ts";
export * from "./settings.ts";
export * from "./status.ts";
export * from "./suggest.ts";
export * from "./view.ts";
export * from "./wallet.ts";
