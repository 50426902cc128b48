export * from "./aggregate.ts";
export * from "./exact.ts";
export { flatLength, fromGrid, type GridLayout, type GridTensor, toGrid } from "./grid.ts";
