// Units and draws: every input counts, the first draw below the target wins, and cheap tasks are refused.
import { describe, expect, it } from "vitest";
import { type Hash32, TaskId, toHex, u64be, utf8 } from "../../../src/base/index.ts";
import { sha256, taggedHash } from "../../../src/crypto/index.ts";
import {
  checkNonces,
  drawHash,
  type FinishedUnit,
  findWin,
  firstNonce,
  nextBeacon,
  nonceOffset,
  noncesPerUnit,
  stretchesOf,
  unitSeed,
} from "../../../src/work/index.ts";

const h = (text: string): Hash32 => sha256(utf8(text));
const unit: FinishedUnit = {
  beacon: h("beacon"),
  block: h("block"),
  task: TaskId(h("task")),
  round: 3,
  author: h("author"),
  mlNode: 1,
  index: 2,
  startDigest: h("start"),
  digest: h("digest"),
};
const others: readonly (readonly [string, Partial<FinishedUnit>])[] = [
  ["beacon", { beacon: h("b2") }],
  ["task", { task: h("t2") }],
  ["round", { round: 4 }],
  ["author", { author: h("a2") }],
  ["mlNode", { mlNode: 2 }],
  ["index", { index: 3 }],
];
const target = (bits: number): Uint8Array => {
  const bytes = new Uint8Array(32);
  bytes[bits >> 3] = 0x80 >> (bits & 7);
  return bytes;
};

describe("a unit's seed", () => {
  it.each(others)("depends on the %s", (_name, change) => {
    expect(unitSeed({ ...unit, ...change })).not.toEqual(unitSeed(unit));
  });
  it("depends on the block: what it holds is fixed before anybody trains upon it", () => {
    expect(unitSeed({ ...unit, block: h("another of the same win") })).not.toEqual(unitSeed(unit));
  });
  it("is not moved by what the unit finds", () => {
    expect(unitSeed({ ...unit, digest: h("d2"), startDigest: h("s2") } as FinishedUnit)).toEqual(unitSeed(unit));
  });
});

describe("draws", () => {
  it.each([...others, ["start", { startDigest: h("s2") }], ["digest", { digest: h("d2") }]] as const)(
    "depend on the %s",
    (_name, change) => {
      expect(drawHash({ ...unit, ...change }, 5n)).not.toEqual(drawHash(unit, 5n));
    },
  );

  it("start at the first 8 bytes of H(nonce, d)", () => {
    expect(u64be(firstNonce(unit.digest))).toEqual(taggedHash("nonce", unit.digest).subarray(0, 8));
  });

  it("find the lowest draw where it wins, which a plain search finds too", () => {
    let won = 0;
    let several = 0;
    for (let i = 0; i < 60; i++) {
      const one = { ...unit, digest: h(`digest ${i}`) };
      const limit = target(5);
      const plain = Array.from({ length: 64 }, (_, j) => BigInt.asUintN(64, firstNonce(one.digest) + BigInt(j)));
      const draws = plain.map((nonce) => ({ nonce, draw: drawHash(one, nonce) }));
      const [lowest] = draws.sort((a, b) => Buffer.compare(a.draw, b.draw));
      const wins = draws.filter(({ draw }) => Buffer.compare(draw, limit) < 0).length;
      if (wins > 1) several++;
      const found = findWin(one, 64, limit);
      expect(found).toEqual(wins === 0 ? undefined : lowest);
      if (found !== undefined) {
        won++;
        // An easier target finds the same.
        expect(findWin(one, 64, target(2))).toEqual(found);
      }
    }
    expect(won).toBeGreaterThan(10);
    expect(won).toBeLessThan(60);
    expect(several).toBeGreaterThan(5);
  });

  it("win strictly below the target only", () => {
    const draw = drawHash(unit, firstNonce(unit.digest));
    expect(findWin(unit, 1, draw)).toBeUndefined();
    const above = Uint8Array.from(draw);
    above[31] = (above[31] as number) + 1;
    expect(above[31]).not.toBe(0);
    expect(findWin(unit, 1, above)?.draw).toEqual(draw);
  });

  it("count offsets round the end of 2^64", () => {
    const first = firstNonce(unit.digest);
    expect(nonceOffset(unit.digest, first)).toBe(0n);
    expect(nonceOffset(unit.digest, BigInt.asUintN(64, first + 7n))).toBe(7n);
    expect(nonceOffset(unit.digest, BigInt.asUintN(64, first - 1n))).toBe(2n ** 64n - 1n);
  });

  it("chain the beacon by the winning draw alone", () => {
    expect(nextBeacon(unit.beacon, h("draw"))).not.toEqual(nextBeacon(unit.beacon, h("draw 2")));
    expect(nextBeacon(h("b2"), h("draw"))).not.toEqual(nextBeacon(unit.beacon, h("draw")));
    expect(toHex(nextBeacon(unit.beacon, h("draw")))).toBe(toHex(taggedHash("beacon", unit.beacon, h("draw"))));
  });
});

describe("nonces of a unit", () => {
  const rules = { omegaB: 67, omegaM: 30 };
  const task = { steps: 2000, effort: { batch: 7_254_400, rest: 3_344_112 } };

  it("are floor(S (omegaB effort.batch + omegaM effort.rest) / 10^9)", () => {
    expect(noncesPerUnit(task, rules)).toBe(1172);
    expect(noncesPerUnit(task, { omegaB: 67, omegaM: 67 })).toBe(1420);
    expect(noncesPerUnit({ ...task, steps: 1 }, rules)).toBe(0);
  });

  it("go by the work: the same effort earns the same, whatever the model's shape", () => {
    const flat = { omegaB: 67, omegaM: 67 };
    const deep = { steps: 1, effort: { batch: 20_000_000_000, rest: 0 } };
    const wide = { steps: 4000, effort: { batch: 0, rest: 5_000_000 } };
    expect(noncesPerUnit(deep, flat)).toBe(noncesPerUnit(wide, flat));
  });

  it("are at least one", () => {
    expect(checkNonces(task, rules)).toEqual({ kind: "accept" });
    expect(checkNonces({ ...task, steps: 1 }, rules)).toMatchObject({ code: "task-without-nonces" });
  });
});

describe("stretches", () => {
  it.each([
    [2048, [0, 256, 512, 768, 1024, 1280, 1536, 1792, 2048]],
    [20, [0, 2, 5, 7, 10, 12, 15, 17, 20]],
    [3, [0, 1, 2, 3]],
    [1, [0, 1]],
  ])("of %i steps differ by one step at most", (steps, bounds) => {
    expect(stretchesOf(steps)).toEqual(bounds);
    const lengths = bounds.slice(1).map((end, k) => end - (bounds[k] as number));
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
  });
});
