// A network that lost its power: the target that a late block must name, to the bit, and how long the way back takes.
import { describe, expect, it } from "vitest";
import { fromBigInt, toBigInt } from "../../../src/base/index.ts";
import { nextTarget, PROFILES, type Rules, type State, targetAt, targetFor, workOf } from "../../../src/chain/index.ts";
import type { Block } from "../../../src/codec/index.ts";
import { checkHeader } from "../../../src/consensus/index.ts";
import { alice, aWorld, bob, forgeBlock, mineBlock } from "../../support/chain.ts";

const B = 1000;
const of = (target: bigint, elapsedMs: number): bigint =>
  toBigInt(targetFor(fromBigInt(target, 32), elapsedMs, { blockTimeMs: B }));

describe("the target of a late block", () => {
  it.each([
    [1, 1n],
    [20_000, 1n],
    [29_999, 1n],
    [30_000, 2n],
    [39_999, 2n],
    [40_000, 4n],
    [100_000, 256n],
    [1_019_999, 2n ** 99n],
    [1_020_000, 2n ** 100n],
  ])("%i ms after its parent is the prescribed one times the right power of two", (elapsed, factor) => {
    expect(of(2n ** 100n + 7n, elapsed)).toBe((2n ** 100n + 7n) * factor);
  });

  it("is the largest at most, however late the block", () => {
    expect(of(2n ** 255n - 1n, 30_000)).toBe(2n ** 256n - 2n);
    expect(of(2n ** 255n, 30_000)).toBe(2n ** 256n - 1n);
    expect(of(2n ** 256n - 1n, 30_000)).toBe(2n ** 256n - 1n);
    expect(of(1n, 20_000 + 255 * 10_000)).toBe(2n ** 255n);
    for (const elapsed of [20_000 + 256 * 10_000, Number.MAX_SAFE_INTEGER])
      expect(of(1n, elapsed)).toBe(2n ** 256n - 1n);
  });

  it("is the prescribed one for block 1, since the genesis time says nothing", () => {
    const { rules, state } = aWorld();
    const late = state.time + 500 * B;
    expect(targetAt(state, late, rules)).toEqual(state.target);
    const first = mineBlock(state, alice, rules, { time: late }).state;
    expect(targetAt(first, late + 30 * B, rules)).toEqual(fromBigInt(2n * toBigInt(first.target), 32));
  });
});

describe("a late block", () => {
  const { rules, state } = aWorld({ target: `00${"f".repeat(62)}` });
  const parent = mineBlock(state, alice, rules).state;
  const t = toBigInt(parent.target);
  const late = (blocks: number): { block: Block; state: State } =>
    mineBlock(parent, bob, rules, { time: parent.time + blocks * B });
  const checked = (block: Block, target: bigint): object =>
    checkHeader(parent, forgeBlock(block, bob, rules, { target: fromBigInt(target, 32) }).header, {}, rules);

  it("names exactly the target of its time", () => {
    const { block } = late(45);
    expect(toBigInt(block.header.target)).toBe(4n * t);
    expect(checked(block, 4n * t)).toEqual({ kind: "accept" });
    for (const other of [t, 2n * t, 8n * t, 4n * t - 1n, 4n * t + 1n])
      expect(checked(block, other)).toMatchObject({ kind: "reject", code: "wrong-target" });
    const inTime = late(29).block;
    expect(checked(inTime, t)).toEqual({ kind: "accept" });
    expect(checked(inTime, 2n * t)).toMatchObject({ code: "wrong-target" });
  });

  it("counts as much work as it took, and the next target derives from it", () => {
    const { block, state: after } = late(50);
    const used = block.header.target;
    expect(toBigInt(used)).toBe(8n * t);
    expect(after.work - parent.work).toBe(workOf(used));
    expect(after.target).toEqual(nextTarget(used, 50 * B, rules));
    expect(after.recentBlock(2)?.target).toEqual(after.target);
    expect(after.expectedDraws).toBe(workOf(after.target));
  });
});

/** Parts of a block's expected draws that are counted. */
const SCALE = 10n ** 12n;
const STEP_MS = 100;

/**
 * Block times until a block takes at most two again, where a network that made a block in each has a hundredth of its power left. A block
 * comes when as many draws were made as it is expected to take. Integers only.
 */
function recovery(rules: Pick<Rules, "blockTimeMs" | "retargetWindow">, rule: typeof targetFor): bigint {
  let target = fromBigInt(2n ** 200n, 32);
  const perBlockTime = workOf(target) / 100n;
  const perStep = (perBlockTime * BigInt(STEP_MS)) / BigInt(rules.blockTimeMs);
  let all = 0;
  for (;;) {
    let elapsed = 0;
    let used = target;
    for (let done = 0n; done < SCALE; ) {
      elapsed += STEP_MS;
      used = rule(target, elapsed, rules);
      done += (perStep * SCALE) / workOf(used);
    }
    if (elapsed <= 2 * rules.blockTimeMs) return BigInt(all) / BigInt(rules.blockTimeMs);
    all += elapsed;
    target = nextTarget(used, elapsed, rules);
  }
}

describe("a network that lost 99 % of its power", () => {
  // W is 20 on devnet and 60 on testnet, which moves more slowly from there on.
  it.each([
    ["devnet", 106n, 504n],
    ["testnet", 221n, 1320n],
  ] as const)("is back on %s within %i block times, which took %i without the rule", (network, withRule, without) => {
    expect(recovery(PROFILES[network], targetFor)).toBe(withRule);
    expect(recovery(PROFILES[network], (target) => target)).toBe(without);
  });
});
