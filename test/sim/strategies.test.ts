// No deviation from the protocol brings more coins than honesty, and the rules of before fail: the signs of docs/strategies.md.
import { describe, expect, it } from "vitest";
import { blocksToCover, forgingGain, median, recovery } from "./strategies/fluid.ts";
import { devnetLike, rulesFor, testnetLike } from "./strategies/params.ts";
import { recordedOf } from "./strategies/recorded.ts";
import {
  AUDIT_CONTROLLED,
  AUDIT_CONTROLS,
  CASES,
  CONTROLLED,
  CONTROLS,
  FINISHES,
  FORGING,
  PLANNED,
} from "./strategies/strategies.ts";
import { type Cell, mayBe, tableOf } from "./strategies/table.ts";
import { withheldShare } from "./strategies/withholding.ts";

// Few machines and short lives: the signs only. `npm run sim` has the figures.
const params = devnetLike(6);
const length = { warmUp: 40, blocks: 200, seeds: 3 };
const shares = [0.4];

const cellsOf = (cases: typeof CASES, of: readonly number[] = shares): [string, Cell][] =>
  tableOf(cases, { params, shares: of, length }).flatMap(({ name, cells }) =>
    cells.map((cell): [string, Cell] => [name, cell]),
  );
const seeds = Array.from({ length: 101 }, (_, seed) => seed);

// A crowded machine takes several times as long.
describe("a deviation", { timeout: 180_000 }, () => {
  it("pays no more than honesty at 40 % of the power", () => {
    const others = CASES.filter((one) => !FORGING.includes(one) && one.most !== "withholding");
    const paid = cellsOf(others).filter(([, cell]) => !mayBe(cell));
    expect(paid.map(([name, { mean, error }]) => `${name}: ${mean} ± ${error}`)).toEqual([]);
  });

  it("that forges contributions loses at every rate, with a third of the audits too", () => {
    for (const [name, cell] of cellsOf(FORGING)) {
      // One in a hundred is found out so seldom that a short run shows no more than that it does not gain.
      const loses = name.startsWith("forges 1 %") ? mayBe(cell) : cell.mean + cell.error < 1;
      expect([name, loses]).toEqual([name, true]);
    }
  });

  it("that withholds blocks gets the known part of them at most", () => {
    for (const [name, { blocks, most, honestBlocks: part }] of cellsOf(
      CASES.filter(({ most: of }) => of === "withholding"),
      [0.3],
    )) {
      // Blocks of a withheld chain come together, so that they scatter more than single ones.
      const noise = 1.5 * 2.5 * Math.sqrt((part * (1 - part)) / (length.seeds * length.blocks));
      expect([name, blocks < most * part + noise + 0.01]).toEqual([name, true]);
    }
  });
});

describe("the rules of before", { timeout: 180_000 }, () => {
  it("pay a winner that drops others, who withholds low draws, and who snipes the tip", () => {
    const old = cellsOf(CONTROLS, [0.3]);
    const design = cellsOf(CONTROLLED, [0.3]);
    for (const [i, [name, { mean, error }]] of old.entries()) {
      const [, now] = design[i] as [string, Cell];
      expect([name, mean > 1 + 2 * error, mayBe(now), mean > now.mean]).toEqual([name, true, true, true]);
    }
  });

  it("let an attester make words up where it is alone, and a winner make others run units for next to nothing", () => {
    const old = cellsOf(AUDIT_CONTROLS, [0.3]);
    const design = cellsOf(AUDIT_CONTROLLED, [0.3]);
    for (const [i, [name, { mean, error }]] of old.entries()) {
      const [, now] = design[i] as [string, Cell];
      expect([name, mean + 2 * error > 1, now.mean + 2 * now.error < 0.9]).toEqual([name, true, true]);
    }
  });

  it("of version 2 as it was planned pay whoever finishes the units that it asks to drop", () => {
    const [row] = tableOf([{ strategy: FINISHES }], { params, shares: [0.25], length, honest: PLANNED });
    const [{ mean, error } = { mean: 0, error: 1 }] = row?.cells ?? [];
    expect(mean).toBeGreaterThan(1.05 + 2.5 * error);
  });
});

describe("without a network", () => {
  const best = (factor: bigint, auditsDone: number, network: "devnet" | "testnet"): number =>
    Math.max(
      ...[false, true].flatMap((friend) =>
        Array.from({ length: 5000 }, (_, i) =>
          forgingGain({ count: i + 1, auditsDone, factor, friend }, rulesFor(network)),
        ),
      ),
    );

  it("forging loses for every number of contributions up to 5,000, and gains where the factor is 1", () => {
    for (const network of ["devnet", "testnet"] as const) {
      for (const auditsDone of [1, 1 / 3]) expect(best(8n, auditsDone, network)).toBeLessThan(0);
      for (const auditsDone of [1, 1 / 3]) expect(best(1n, auditsDone, network)).toBeGreaterThan(0);
    }
  });

  it("a newcomer without funds is paid in full after some blocks", () => {
    const [few, many] = [0.5, 0.05].map((share) =>
      median(seeds.map((seed) => blocksToCover({ share, units: 100 }, devnetLike(4), seed))),
    );
    expect(few).toBeLessThan(25);
    expect(many).toBeLessThan(70);
  });

  it("the target follows a hundredfold fall of the power, and faster by 2^k", () => {
    for (const network of [devnetLike(1), testnetLike(1)]) {
      const [eased, plain] = [true, false].map((eases) =>
        median(seeds.map((seed) => recovery({ left: 0.01, eases }, network, seed))),
      ) as [number, number];
      expect(eased).toBeLessThan(plain / 2.5);
    }
  });

  it("withholding gets what Eyal and Sirer computed", () => {
    // A third of the power gains nothing where nobody follows it, and half follow at a quarter.
    expect(withheldShare(1 / 3, 0)).toBeCloseTo(1 / 3);
    expect(withheldShare(0.25, 0.5)).toBeCloseTo(0.25);
    expect(withheldShare(0.4, 0.5)).toBeGreaterThan(0.45);
  });
});

describe("an honest network", () => {
  it("records nearly all work with lag, and little without", () => {
    for (const miners of [1, 2, 10]) expect(recordedOf(devnetLike(miners), 60, 1).ofWork).toBeGreaterThan(0.95);
    expect(recordedOf(devnetLike(10, { lag: 0 }), 60, 1).ofWork).toBeLessThan(0.5);
  });
});
