export * from "./bible.ts";
export * from "./data-set.ts";
export * from "./digits.ts";
export * from "./known.ts";
export * from "./prf.ts";
export * from "./text.ts";
