export * from "./codecs.ts";
export * from "./exact.ts";
export {
  checkLength,
  fits,
  flatLength,
  GRID_MAX,
  GRID_MIN,
  type GridLayout,
  offGrid,
  spans,
  type TensorSpan,
  toGrid,
} from "./grid.ts";
