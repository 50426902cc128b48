// Flat parameter arrays: how they start, and the digest that stands for them (exact-training rule 5).
import { PouwError } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import { drawParameters } from "./init.ts";
import type { ModelManifest } from "./manifest.ts";

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The first parameters of a season, all tensors in manifest order one after the other; the same bits on every machine. */
export function initialParameters(
  manifest: Pick<ModelManifest, "parameters" | "initSeed">,
  season: number,
): Float32Array {
  return drawParameters(manifest.parameters, `${manifest.initSeed}/${season}`);
}

/**
 * SHA-256 over the little-endian float32 bytes of `flat` (manifest order), -0 written as +0.
 * Throws NOT_FINITE on a NaN or an infinity, BAD_MODEL when the length is not the model's.
 */
export function parametersDigest(
  manifest: Pick<ModelManifest, "name" | "parameterCount">,
  flat: Float32Array,
): Uint8Array {
  if (flat.length !== manifest.parameterCount)
    throw new PouwError("BAD_MODEL", `${manifest.name} has ${manifest.parameterCount} parameters, not ${flat.length}.`);
  let zeros = 0;
  for (let i = 0; i < flat.length; i++) {
    const x = flat[i] as number;
    if (!Number.isFinite(x)) throw new PouwError("NOT_FINITE", `${manifest.name} has a parameter that is ${x}.`);
    if (x === 0 && Object.is(x, -0)) zeros++;
  }
  if (zeros === 0 && LITTLE_ENDIAN) return sha256(new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength));
  // Adding +0 turns -0 into +0 and leaves the rest.
  const bytes = new Uint8Array(flat.map((x) => x + 0).buffer);
  if (!LITTLE_ENDIAN) for (let i = 0; i < bytes.length; i += 4) bytes.subarray(i, i + 4).reverse();
  return sha256(bytes);
}
