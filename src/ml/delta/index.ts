export * from "./codecs.ts";
export * from "./exact.ts";
export { checkLength, flatLength, fromGrid, GRID_MAX, GRID_MIN, type GridLayout, toGrid } from "./grid.ts";
