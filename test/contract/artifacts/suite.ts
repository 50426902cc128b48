// What every Artifacts must do, wherever its things come from.
import { beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import { sha256 } from "../../../src/crypto/index.ts";
import { parametersDigest } from "../../../src/ml/index.ts";
import type { ArtifactKind, Artifacts, Log } from "../../../src/ports/index.ts";

export const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
export const signal: AbortSignal = new AbortController().signal;

/** What an implementation under test has; `vectors` by the digest of the training graph. */
export interface Present {
  readonly artifacts: Artifacts;
  readonly digests: { readonly [K in ArtifactKind]: Uint8Array };
}

const KINDS: readonly ArtifactKind[] = ["graph", "int8", "vectors", "parameters", "data"];

export function artifactsContract(name: string, open: () => Promise<Present>): void {
  describe(name, () => {
    let at: Present;
    beforeAll(async () => {
      at = await open();
    });

    it("gives what has the digest that was asked for", async () => {
      const { artifacts, digests } = at;
      const graph = await artifacts.get("graph", digests.graph, { signal });
      expect(sha256(graph as Uint8Array)).toEqual(digests.graph);
      const set = await artifacts.get("data", digests.data, { signal });
      expect(set?.digest).toEqual(digests.data);
      for (const { data } of set?.tensors ?? []) expect(data.buffer).toBeInstanceOf(SharedArrayBuffer);
      const first = (await artifacts.get("parameters", digests.parameters, { signal })) as Float32Array;
      expect(parametersDigest({ name, parameterCount: first.length }, first)).toEqual(digests.parameters);
      const vectors = await artifacts.get("vectors", digests.vectors, { signal });
      expect(vectors?.digests.length).toBeGreaterThan(0);
      expect(vectors?.initial).toMatch(/^[0-9a-f]{64}$/);
    });

    it.each(KINDS)("gives the same %s again, and to two at once", async (kind) => {
      const get = () => at.artifacts.get(kind, at.digests[kind], { signal });
      const [one, two] = await Promise.all([get(), get()]);
      expect(one).toBeDefined();
      expect(two).toEqual(one);
      expect(await get()).toEqual(one);
    });

    it.each(KINDS)("has no %s of an unknown digest, nor of another kind's", async (kind) => {
      expect(await at.artifacts.get(kind, new Uint8Array(32), { signal })).toBeUndefined();
      for (const other of KINDS) {
        // Vectors go by the digest of a graph.
        if (other === kind || (kind === "graph" && other === "vectors")) continue;
        if (toHex(at.digests[other]) === toHex(at.digests[kind])) continue;
        expect(await at.artifacts.get(kind, at.digests[other], { signal })).toBeUndefined();
      }
    });

    it("hands out parameters that the caller may change", async () => {
      const get = async () => (await at.artifacts.get("parameters", at.digests.parameters, { signal })) as Float32Array;
      const mine = await get();
      const before = mine[0];
      mine.fill(7);
      expect((await get())[0]).toBe(before);
    });

    it.each(KINDS)("does not look for a %s when it is called off", async (kind) => {
      const gone = AbortSignal.abort(new Error("called off"));
      await expect(at.artifacts.get(kind, at.digests[kind], { signal: gone })).rejects.toThrow("called off");
    });
  });
}
