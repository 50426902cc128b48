// How the models name the parameters of a linear layer.
import type { Affine, Param } from "../graph/index.ts";

/** `<name>.weight` and `<name>.bias`. */
export const affine = (params: (name: string) => Param, name: string): Affine => ({
  weight: params(`${name}.weight`),
  bias: params(`${name}.bias`),
});
