// The parts of docs/strategies.md that are made by `npm run sim`: each a table in Markdown.
import { blocksToCover, forgingGain, median, quantile, recovery } from "../../test/sim/strategies/fluid.ts";
import { devnetLike, lanesFor, type Params, testnetLike } from "../../test/sim/strategies/params.ts";
import { recordedOf } from "../../test/sim/strategies/recorded.ts";
import type { Length } from "../../test/sim/strategies/run.ts";
import {
  AUDIT_CONTROLLED,
  AUDIT_CONTROLS,
  CASES,
  CONTROLLED,
  CONTROLS,
  FINISHES,
  PLANNED,
  pick,
} from "../../test/sim/strategies/strategies.ts";
import { HONEST } from "../../test/sim/strategies/strategy.ts";
import { type Cell, mayBe, type Row, tableOf } from "../../test/sim/strategies/table.ts";
import { markdown } from "../support/sections.ts";

export interface Effort {
  readonly machines: number;
  readonly length: Length;
}

const percent = (value: number): string => `${Math.round(100 * value)} %`;

/** Mean and standard error; bold where it is more than the strategy may bring. */
function shown(cell: Cell): string {
  const text = `${cell.mean.toFixed(3)} ± ${cell.error.toFixed(3)}`;
  return mayBe(cell) ? text : `**${text}**`;
}

const HEAD = ["strategy", "what it does"];

const incomeTable = (rows: readonly Row[]): string =>
  markdown(
    [...HEAD, ...(rows[0]?.cells ?? []).map(({ share }) => `at ${percent(share)}`)],
    rows.map(({ name, does, cells }) => [name, does, ...cells.map(shown)]),
  );

const told = (row: Row): void => console.log(`  ${row.name.padEnd(32)} ${row.cells.map(shown).join("   ")}`);

const SHARES = [0.05, 0.1, 0.25, 0.4];

const PARTS = ["honest", "drops others", "leads for itself", "leaves others out", "withholds", "withholds low draws"];

export const SECTIONS: { readonly [name: string]: (effort: Effort) => string } = {
  recorded: ({ length }) => recordedTable(length.blocks),
  forgeries: () => forgeryTable(),
  newcomers: () => newcomerTable(),
  recovery: () => recoveryTable(),
  strategies: ({ machines, length }) =>
    incomeTable(tableOf(CASES, { params: devnetLike(machines), shares: SHARES, length }, told)),
  parts: ({ machines, length }) => {
    const rows = tableOf(pick(...PARTS), { params: devnetLike(machines), shares: SHARES, length }, told);
    const part = markdown(
      ["part of all money", ...SHARES.map((share) => `at ${percent(share)}`)],
      rows.map(({ name, cells }) => [name, ...cells.map((cell) => cell.part.toFixed(3))]),
    );
    return `${part}\n\n${withheld(rows)}`;
  },
  checks: ({ machines, length }) => checksTable(devnetLike(machines), length),
  planned: ({ machines, length }) => {
    const others = pick(...UNDER_PLAN).map((one) => ({ ...one, strategy: { ...one.strategy, drops: PLANNED.drops } }));
    const cases = [{ strategy: FINISHES }, ...others];
    const trial = { params: devnetLike(machines), shares: SHARES, length, honest: PLANNED };
    return incomeTable(tableOf(cases, trial, told));
  },
  testnet: ({ machines, length }) => {
    const cases = pick("honest", ...UNDER_PLAN, "forges 3 %, a third audited", "withholds");
    return incomeTable(tableOf(cases, { params: testnetLike(machines), shares: [0.1, 0.4], length }, told));
  },
  controls: ({ machines, length }) =>
    incomeTable(
      tableOf(
        [...CONTROLS, ...AUDIT_CONTROLS, ...CONTROLLED, ...AUDIT_CONTROLLED],
        { params: devnetLike(machines), shares: [0.1, 0.3, 0.4], length },
        told,
      ),
    ),
};

/** Who trusts others' checks, at 5 % of the power on one lane, by how long a block takes over that lane's unit. */
function checksTable(plain: Params, length: Length): string {
  const share = 0.05;
  const [seconds] = lanesFor(share, plain.machines) as [number];
  const lines = [1000 * (seconds / plain.rules.blockTimeMs), 1 / 10, 1 / 20, 1 / 60].map((part) => {
    const params = { ...plain, rules: { ...plain.rules, blockTimeMs: Math.round((1000 * seconds) / part) } };
    const rows = tableOf(pick("honest", "does not check"), { params, shares: [share], length }, told);
    return [`1/${(1 / part).toFixed(1)}`, ...rows.map(({ cells: [cell] }) => shown(cell as Cell))];
  });
  return markdown(["its unit over the block time", "honest", "does not check"], lines);
}

const UNDER_PLAN = ["drops others", "leaves others out", "starts one state back", "splits keys", "never attests"];

/** What is behind the income of who withholds. */
function withheld(rows: readonly Row[]): string {
  const lines = rows
    .filter(({ name }) => name.startsWith("withholds"))
    .flatMap(({ name, cells }) =>
      cells.map(({ share, honestBlocks, gamma, blocks, most, found }) => [
        name,
        percent(share),
        gamma.toFixed(2),
        honestBlocks.toFixed(3),
        blocks.toFixed(3),
        (most * honestBlocks).toFixed(3),
        found.toFixed(3),
      ]),
    );
  const head = [
    "",
    "power",
    "gamma",
    "part of the blocks, honest",
    "withholding",
    "known bound",
    "won for each on the chain",
  ];
  return markdown(head, lines);
}

function recordedTable(blocks: number): string {
  const lines = [1, 2, 4, 8, 10, 16].map((count) => {
    const of = (lag: number, honest = HONEST) =>
      recordedOf(devnetLike(count, { lag }), Math.min(blocks, 300), 1, honest);
    const [late, planned, none] = [of(7), of(7, PLANNED), of(0)];
    return [`${count}`, ...[late.ofWork, none.ofWork, planned.ofWork, late.ofTime, planned.ofTime].map(percent)];
  });
  const head = [
    "miners",
    "recorded, lag up to 7",
    "lag 0 only",
    "lag 7, later units dropped",
    "time that became units",
    "the same, later units dropped",
  ];
  return markdown(head, lines);
}

const seeds = Array.from({ length: 401 }, (_, seed) => seed);
const networks: readonly (readonly [string, Params])[] = [
  ["devnet", devnetLike(4)],
  ["testnet", testnetLike(4)],
];

function newcomerTable(): string {
  const lines = networks.flatMap(([name, params]) =>
    [14, 100, 240].map((units) => [
      name,
      `${units}`,
      ...[0.05, 0.25, 0.5].map((share) => {
        const blocks = seeds.map((seed) => blocksToCover({ share, units }, params, seed));
        return `${median(blocks)} (${quantile(blocks, 0.9)})`;
      }),
    ]),
  );
  return markdown(["network", "units of a block", "at 5 %", "at 25 %", "at 50 %"], lines);
}

function recoveryTable(): string {
  const lines = networks.map(([name, params]) => [
    name,
    ...[true, false].map((eases) => {
      const times = seeds.map((seed) => recovery({ left: 0.01, eases }, params, seed));
      return `${Math.round(median(times))}`;
    }),
  ]);
  return markdown(["network", "with 2^k", "without"], lines);
}

function forgeryTable(): string {
  const lines = [1, 1 / 3, 1 / 6].flatMap((auditsDone) =>
    [8n, 4n, 1n].map((factor) => [
      auditsDone === 1 ? "all" : `1 in ${Math.round(1 / auditsDone)}`,
      `${factor}`,
      ...[false, true].flatMap((friend) =>
        networks.map(([, { rules }]) => {
          const gains = Array.from({ length: 5000 }, (_, i) =>
            forgingGain({ count: i + 1, auditsDone, factor, friend }, rules),
          );
          const best = Math.max(...gains);
          return `${best > 0 ? "+" : ""}${(100 * best).toFixed(2)} % (${gains.indexOf(best) + 1})`;
        }),
      ),
    ]),
  );
  return markdown(
    ["audits done", "factor", "devnet", "testnet", "devnet, a friend leads", "testnet, a friend leads"],
    lines,
  );
}
