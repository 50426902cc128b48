// What every Runtime must do, whatever provider it runs on. Needs the model digits-mlp and the digits.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDataSet } from "../../../src/adapters/artifacts/index.ts";
import { toHex } from "../../../src/base/index.ts";
import { sha256 } from "../../../src/crypto/index.ts";
import {
    applyDelta,
    type DataSet,
    decodeDelta,
    initialParameters,
    parametersDigest,
    parseManifest,
} from "../../../src/ml/index.ts";
import type { Log, Runtime, UnitRequest } from "../../../src/ports/index.ts";

export const MODELS_DIR: string = fileURLToPath(new URL("../../../models", import.meta.url));
export const MODEL = "digits-mlp";
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
export const signal: AbortSignal = new AbortController().signal;
export const manifest = parseManifest(readFileSync(join(MODELS_DIR, MODEL, "model.json"), "utf8"));
export const start: Float32Array = initialParameters(manifest);

/** A small unit; `seed` is the last byte of its seed. */
export const unit = (seed: number, more: Partial<UnitRequest> = {}): UnitRequest => ({
  model: MODEL,
  start,
  seed: new Uint8Array(32).with(31, seed),
  steps: 10,
  priority: "train",
  delta: "exact",
  ...more,
});

let opened: Promise<DataSet> | undefined;
export function digits(): Promise<DataSet> {
  opened ??= openDataSet("digits", { dataDir: undefined, signal });
  return opened;
}

/** Digests that every provider must reach: filled by the first suite that runs, compared by the others. */
const reached = new Map<string, string>();
function sameEverywhere(what: string, digest: Uint8Array): void {
  const hex = toHex(digest);
  expect(reached.get(what) ?? hex).toBe(hex);
  reached.set(what, hex);
}

export function runtimeContract(name: string, open: (data: DataSet) => Promise<Runtime>): void {
  describe(name, () => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await open(await digits());
    });
    afterAll(() => runtime.close());

    it("runs a unit: state, digest and delta belong together, and again gives the same bits", async () => {
      const first = await runtime.run(unit(1), { signal });
      expect(first.digest).toEqual(parametersDigest(manifest, first.end));
      const delta = first.delta as Uint8Array;
      expect(first.deltaHash).toEqual(sha256(delta));
      expect(parametersDigest(manifest, applyDelta(manifest, start, decodeDelta(manifest, delta)))).toEqual(
        first.digest,
      );
      expect(first.loss).toBeGreaterThan(0);
      expect(first.graphMs).toBeGreaterThan(0);
      expect(first.totalMs).toBeGreaterThan(first.graphMs);
      const second = await runtime.run(unit(1, { delta: undefined }), { signal });
      expect(second.digest).toEqual(first.digest);
      expect([second.delta, second.deltaHash]).toEqual([undefined, undefined]);
      sameEverywhere("unit 1", first.digest);
    });

    it("depends on seed, steps and start", async () => {
      const runs = [unit(1), unit(2), unit(1, { steps: 11 }), unit(1, { start: start.map((x) => x / 2) })];
      const results = await Promise.all(
        runs.map((request) => runtime.run({ ...request, delta: undefined }, { signal })),
      );
      expect(new Set(results.map(({ digest }) => toHex(digest))).size).toBe(runs.length);
      for (const [i, { digest }] of results.entries()) sameEverywhere(`variation ${i}`, digest);
      // The caller's array is still its own.
      expect(start.length).toBe(manifest.parameterCount);
    });

    it("learns, and scores what it learned", async () => {
      const { end, digest } = await runtime.run(unit(3, { steps: 150 }), { signal });
      const before = await runtime.evaluate(MODEL, start, "validation", { signal });
      const after = await runtime.evaluate(MODEL, end, "validation", { signal });
      expect([before.samples, after.samples]).toEqual([1000, 1000]);
      expect(before.correct).toBeLessThan(300);
      expect(after.correct).toBeGreaterThan(800);
      expect(after.loss).toBeLessThan(before.loss);
      sameEverywhere("150 steps", digest);
      sameEverywhere("score", Uint8Array.of(after.correct >> 8, after.correct & 255));
      const test = await runtime.evaluate(MODEL, end, "test", { signal });
      expect(test.correct).not.toBe(after.correct);
    });

    it("refuses what is not finite, not of the model's size, or not prepared, and goes on", async () => {
      const nan = start.with(5, Number.NaN);
      await expect(runtime.run(unit(1, { start: nan }), { signal })).rejects.toMatchObject({ code: "NOT_FINITE" });
      const short = start.subarray(1);
      await expect(runtime.run(unit(1, { start: short }), { signal })).rejects.toMatchObject({ code: "BAD_MODEL" });
      await expect(runtime.evaluate(MODEL, short, "test", { signal })).rejects.toMatchObject({ code: "BAD_MODEL" });
      await expect(runtime.run(unit(1, { model: "other" }), { signal })).rejects.toMatchObject({ code: "BAD_MODEL" });
      await expect(runtime.run(unit(1, { seed: new Uint8Array(31) }), { signal })).rejects.toMatchObject({
        code: "BAD_ID",
      });
      sameEverywhere("unit 1", (await runtime.run(unit(1), { signal })).digest);
    });

    it("does checks before training", async () => {
      const order: string[] = [];
      const note = (what: string) => () => order.push(what);
      // As many as there are workers are running; what comes after them waits.
      const running = Array.from({ length: runtime.workers }, () => runtime.run(unit(4, { steps: 40 }), { signal }));
      const training = Array.from({ length: 6 * runtime.workers }, () =>
        runtime.run(unit(4), { signal }).then(note("train")),
      );
      const check = runtime.run(unit(5, { priority: "check" }), { signal }).then(note("check"));
      await Promise.all([...running, ...training, check]);
      expect(order.indexOf("check")).toBeLessThan(order.lastIndexOf("train"));
      if (runtime.workers === 1) expect(order[0]).toBe("check");
    });

    it("lets go of a cancelled unit at once", async () => {
      const stop = new AbortController();
      const long = runtime.run(unit(6, { steps: 300 }), { signal: stop.signal });
      const waiting = runtime.run(unit(7), { signal: stop.signal });
      stop.abort(new Error("a new round"));
      await expect(long).rejects.toThrow("a new round");
      await expect(waiting).rejects.toThrow("a new round");
      sameEverywhere("unit 1", (await runtime.run(unit(1), { signal })).digest);
    });

    it("leaves the calling thread free", async () => {
      await runtime.run(unit(8), { signal });
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const units = Array.from({ length: 4 }, (_, i) => runtime.run(unit(i, { steps: 200 }), { signal }));
      const graphMs = (await Promise.all(units)).map((result) => result.graphMs);
      delay.disable();
      // A unit on this thread would hold it for as long as the unit takes: the delay is judged against that, since the machine of a
      // test is shared. What the design promises in milliseconds is measured in a running node.
      expect(delay.percentile(99) / 1e6).toBeLessThan(Math.min(...graphMs) / 2);
    });
  });
}
