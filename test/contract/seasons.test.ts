// Training does not run dry: the study of `npm run seasons` in small, and a task that it must condemn.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { ort } from "../../scripts/ml-lab.ts";
import { type SeasonFigures, study, verdictOf } from "../../scripts/seasons/study.ts";
import { Subject } from "../../scripts/seasons/subject.ts";
import { toHex, utf8 } from "../../src/base/index.ts";
import { sha256 } from "../../src/crypto/index.ts";
import { linear, relu } from "../../src/ml/graph/index.ts";
import { initialParameters, parametersDigest, parseManifest } from "../../src/ml/index.ts";
import { affine } from "../../src/ml/models/affine.ts";
import { architecture } from "../../src/ml/models/catalog.ts";
import { digitLabels, digitRows, HEAD } from "../../src/ml/models/digits.ts";
import type { Architecture } from "../../src/ml/models/types.ts";

const MODEL = architecture("digits-mlp");
const manifest = parseManifest(readFileSync(new URL("../../models/digits-mlp/model.json", import.meta.url)).toString());

describe("units of digits-mlp over a season's end", () => {
  const SEASON = 60;
  let seasons: readonly SeasonFigures[];
  beforeAll(async () => {
    const subject = await Subject.open(MODEL, { steps: 64 });
    seasons = await study(subject, { units: 2 * SEASON + 20, season: SEASON, first: 0, sample: 2 });
  });

  it("each change most of the parameters, and have no step that could be left out", () => {
    expect(seasons.map(({ changed }) => changed.length)).toEqual([SEASON, SEASON, 20]);
    for (const { changed } of seasons) for (const share of changed) expect(share).toBeGreaterThanOrEqual(0.5);
    const { good, sampled, walked } = verdictOf(seasons);
    expect(good).toBe(true);
    expect(sampled).toEqual({ steps: 70, withoutGradient: 0, withoutChange: 0, repeated: 0 });
    expect(walked).toEqual({ steps: 24, withoutGradient: 0, withoutChange: 0, repeated: 0 });
  });

  it("begin anew with each season, at the parameters and the setting that the network has for it", () => {
    const first = (season: number): string => toHex(parametersDigest(manifest, initialParameters(manifest, season)));
    expect(seasons.map((season) => season.first)).toEqual([first(0), first(1), first(2)]);
    expect(new Set(seasons.flatMap((season) => [season.first, season.last])).size).toBe(6);
    expect(seasons.map(({ hyper }) => hyper)).toEqual([0, 1, 0].map((i) => ({ ...manifest.optimizer.settings[i] })));
  });

  it("learn: the score is that of parameters trained on other rows than those scored", () => {
    for (const { held } of seasons.slice(0, 2)) expect(held.both).toBeGreaterThan(0.8);
  });
});

describe("a task without noise on a handful of rows", () => {
  it("runs dry, and the study says so", async () => {
    // A rate that no task has: digits learnt by heart leave no gradient after some hundred units, here after one.
    const optimizer = { kind: "sgd", settings: [{ learningRate: 1, momentum: 0.9 }] } as const;
    const subject = await Subject.open({ ...MODEL, optimizer, noise: () => [] }, { steps: 160, train: [0, 4] });
    const { good, changed, sampled, walked } = verdictOf(
      await study(subject, { units: 12, season: 12, first: 0, sample: 1 }),
    );
    expect(good).toBe(false);
    expect(changed).toBe(0);
    expect(sampled.withoutGradient).toBeGreaterThan(6);
    expect(sampled.withoutChange).toBeGreaterThan(6);
    expect(walked).toEqual({ steps: 20, withoutGradient: 20, withoutChange: 20, repeated: 19 });
  });
});

// What no loss feels nothing holds up: rounded to 9 bits, gradients of logits that should add up to zero push all classes one way.
describe("the common part of the classes", () => {
  const withoutBits: Architecture = {
    ...MODEL,
    forward: (net, { params, ...input }) => {
      const hidden = relu(net, linear(net, digitRows(net, input), affine(params, "hidden")));
      const logits = linear(net, hidden, affine(params, "head"), { ...HEAD, gradient: 9 });
      return { logits, labels: digitLabels(net, input) };
    },
  };
  async function commonBias(model: Architecture): Promise<number> {
    const subject = await Subject.open(model, { steps: 1500 });
    let at = subject.first(0);
    for (const name of ["one", "two"]) {
      const draws = subject.draw(sha256(utf8(name)));
      for (const span of subject.stretches) at = await subject.run(at, draws, span, 0);
    }
    const bias = (at["head.bias"] as ort.Tensor).data as Float32Array;
    return bias.reduce((sum, value) => sum + value, 0) / bias.length;
  }

  it("stays where it was, and does not with the bits of other gradients", async () => {
    const [kept, pushed] = [await commonBias(MODEL), await commonBias(withoutBits)];
    expect(Math.abs(kept)).toBeLessThan(0.004);
    expect(pushed).toBeGreaterThan(0.01);
  });
});
