// Whom audits find: who forges, at the rate that the price of forging is made for; and nobody honest, whatever branch the accusation is made on.
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import { allAudited } from "../support/audits.ts";
import { aKey, aWorld, mineBlock } from "../support/chain.ts";
import { detect, MOST } from "../support/forgers.ts";
import { ForkedHistory } from "../support/forked-history.ts";
import { Chance } from "../support/mutate.ts";

// `SIM_FULL=1` gives the figures of the note: minutes instead of seconds.
const FULL = process.env["SIM_FULL"] === "1";
const RECORDED = FULL ? 10_000 : 1_920;
const DRAWS = FULL ? 200 : 40;
const HONEST = FULL ? 100_000 : 3_500;
const TIMEOUT = FULL ? 1_200_000 : 60_000;

const people = Array.from({ length: 6 }, (_, i) => aKey(`honest ${i}`));
const allocations = people.map(({ address }) => ({ address: toHex(address), amount: "0", stake: "1000000" }));

describe("a key that forged m contributions", () => {
  it.each([16, 32])(
    "is found with a chance of 1 - (1 - 1/%i)^m, and no honest key is",
    (auditOneIn) => {
      const { rules, state } = aWorld({ allocations, auditOneIn });
      const tip = mineBlock(state, people[0] as (typeof people)[0], rules).state;
      const sizes = [1, 2, 4, 8, 16, MOST];
      // A slot holds what a block can record: more is another block's.
      const parts = [0, 1].map((series) =>
        detect({ parent: state, tip, count: RECORDED / 2, draws: DRAWS, sizes, series }, rules),
      );
      const rows = sizes.map((size) => {
        const keys = parts.reduce((sum, { byForged }) => sum + (byForged.get(size)?.keys ?? 0), 0);
        const found = parts.reduce((sum, { byForged }) => sum + (byForged.get(size)?.found ?? 0), 0);
        const expected = 1 - (1 - 1 / auditOneIn) ** size;
        return { size, keys, found: found / keys, expected, off: found / keys / expected - 1 };
      });
      if (FULL) console.table(rows);
      for (const { off } of rows) expect(Math.abs(off)).toBeLessThan(0.1);
      expect(parts.reduce((sum, { honestAudited }) => sum + honestAudited, 0)).toBeGreaterThan(500);
      expect(parts.map(({ honestPunished }) => honestPunished)).toEqual([0, 0]);
    },
    TIMEOUT,
  );
});

describe("honest keys", () => {
  it(
    "are never punished, for a unit or a word, on whatever branch somebody accuses them",
    () => {
      const { rules, state } = allAudited({ allocations, maturity: 9 });
      const tried = new ForkedHistory(people, rules, new Chance(20_261_128)).grow(state, HONEST);
      if (FULL) console.log({ ...tried, refused: Object.fromEntries(tried.refused) });
      expect(tried.punished).toBe(0);
      expect(tried.units).toBeGreaterThanOrEqual(HONEST);
      // The controls: every way to be refused was met, and reorganisations were among it.
      for (const code of ["other-branch", "wrong-start", "no-offence", "evidence-expired"])
        expect([code, (tried.refused.get(code) ?? 0) > 0]).toEqual([code, true]);
      for (const count of [tried.refuted, tried.words, tried.reorganisations]) expect(count).toBeGreaterThan(5);
    },
    TIMEOUT,
  );
});
