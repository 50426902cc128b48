export * from "./aggregate.ts";
export * from "./exact.ts";
export { flatLength, fromGrid, type GridLayout, toGrid } from "./grid.ts";
