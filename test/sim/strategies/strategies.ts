// The strategies, each with the network that it is tried in; a strategy that makes sense only together with another says so.
import type { Params, Switches } from "./params.ts";
import { HONEST, strategy } from "./strategy.ts";
import type { Forging, Lane, Strategy } from "./types.ts";
import { withholding } from "./withholding.ts";

export interface Case {
  readonly strategy: Strategy;
  /** Another network than the plain one; its honest miners are compared with there too. */
  readonly within?: (params: Params) => Params;
  /** What it may bring at most; 1 where nothing is said. */
  readonly most?: number | "withholding";
  /** Loses by so much that half the runs show it. */
  readonly isPlain?: true;
}

const COIN = 1_000_000n;

export const withSwitches =
  (switches: Partial<Switches>) =>
  (params: Params): Params => ({ ...params, switches: { ...params.switches, ...switches } });

const none = (): boolean => false;
const needed = (least: number): number => least;

/** What is left of a unit, 0 to 1. */
const leftOf = ({ beganAt, endsAt }: Lane, now: number): number => (endsAt - now) / (endsAt - beganAt);

/** The design's rule: later units are dropped when a newer state comes. */
export const PLANNED = strategy("drops later units", "drops a later unit when a newer state comes, as planned", {
  drops: ({ index }) => index > 0,
});

/** Against the design's rule: what was begun is finished. */
export const FINISHES = strategy("finishes later units", "finishes whatever was begun", { drops: () => false });

const records: Case[] = [
  { strategy: PLANNED },
  {
    strategy: strategy("drops what is young", "drops any unit that is less than half done when a newer state comes", {
      drops: (lane, _newBlock, now) => leftOf(lane, now) > 0.5,
    }),
  },
  {
    strategy: strategy("restarts at a block", "drops every unit in progress when a block comes, and none else", {
      drops: (_lane, newBlock) => newBlock,
    }),
  },
  {
    strategy: strategy("drops others", "carries only the records that its win needs, closes with its own", {
      carries: needed,
      closes: none,
    }),
  },
  { strategy: strategy("cuts the tail", "carries only the leader's records that its win needs", { carries: needed }) },
  {
    strategy: strategy("leads for itself", "as leader records only its own, and waits for nobody", {
      records: none,
      rushes: true,
    }),
  },
  {
    strategy: strategy("leaves others out", "all three together: nobody else's work is recorded where it can help it", {
      carries: needed,
      closes: none,
      records: none,
      rushes: true,
    }),
  },
  {
    strategy: strategy("drops all", "works from the block's own state, so that it need not carry anything of others", {
      behind: Number.POSITIVE_INFINITY,
      carries: needed,
      closes: none,
    }),
  },
  { strategy: strategy("starts one state back", "starts from the state before the newest", { behind: 1 }) },
  { strategy: strategy("starts three states back", "the same, three states", { behind: 3 }) },
  // Its keys attest each other's units for nothing: the attesters' part of all pay, times its share of the stake.
  { strategy: strategy("splits keys", "four keys, a quarter of the stake each", { keys: 4 }), most: 1.024 },
  {
    strategy: strategy("splits lanes", "each lane becomes two of half the speed, on two keys", { keys: 2, splits: 2 }),
  },
];

const forges = (rate: number, more: Partial<Forging> = {}): Partial<Strategy> => ({
  forges: { rate, keep: undefined, leading: false, ...more },
});

const RATES = [0.01, 0.03, 0.1, 0.3, 1];
const third = withSwitches({ auditsDone: 1 / 3 });
const percent = (rate: number): string => `${Math.round(100 * rate)} %`;

/** A forger has no more at stake than its contributions need; found out, it goes on with a new key. */
const forgers: Case[] = [
  ...RATES.map((rate) => ({
    strategy: strategy(`forges ${percent(rate)}`, "of its contributions, with the key that trains", forges(rate)),
  })),
  ...RATES.map((rate) => ({
    strategy: strategy(
      `forges ${percent(rate)}, a third audited`,
      "the same where attesters do a third of the audits",
      forges(rate),
    ),
    within: third,
  })),
  {
    strategy: strategy(
      "forges with a 3-coin key",
      "fills the places of a key that has 3 coins and nothing else; the training key gives its word as attester",
      forges(1, { keep: 3n * COIN }),
    ),
    within: third,
  },
  {
    strategy: strategy(
      "forges for itself as leader",
      "the same, only while it leads",
      forges(1, { keep: 3n * COIN, leading: true }),
    ),
    within: third,
  },
  {
    strategy: strategy(
      "forges and picks beacons",
      "the same, and drops an own block whose beacon audits its forged ones",
      {
        ...forges(1, { keep: 3n * COIN }),
        won: (block, me) =>
          block.audits.some(({ unit }) => unit.forged && unit.player === me.number) ? "drop" : "publish",
      },
    ),
    within: third,
  },
  {
    strategy: strategy(
      "copies",
      "sends others' digests under its own key, which is forged, beside its own units",
      forges(0.5),
    ),
  },
];

export const FORGING: readonly Case[] = forgers.map((one) => ({ ...one, isPlain: true }));

const blocks: Case[] = [
  {
    strategy: strategy(
      "withholds",
      "keeps won blocks back (Eyal and Sirer)",
      withholding(() => true),
    ),
    most: "withholding",
  },
  {
    strategy: strategy(
      "withholds low draws",
      "keeps back the third of its blocks with the lowest draws",
      withholding(({ draw }) => draw < 1 / 3),
    ),
    most: "withholding",
  },
  {
    strategy: strategy("snipes the tip", "works on the parent of others' blocks and takes over their records", {
      worksOn: (head, { number }) => (head.player !== number && head.parent !== undefined ? head.parent : head),
    }),
  },
  {
    strategy: strategy("hurries seasons", "a block that ends a season carries nothing that it need not", {
      carries: (least, most, { height }) => ((height + 1) % 64 === 0 ? least : most),
      closes: (_unit, _me, { height }) => (height + 1) % 64 !== 0,
    }),
  },
];

const twoTasks = (params: Params): Params => ({
  ...params,
  tasks: [
    { nonces: 1420, effort: 1 },
    { nonces: 473, effort: 473 / 1420 },
  ],
});

const work: Case[] = [
  {
    strategy: strategy("idles as attester", "reveals a made-up word in place of running the unit", {
      attests: "made up",
    }),
  },
  {
    strategy: strategy("idles where it is alone", "the same, only in audits that have no second attester", {
      attests: "made up where alone",
    }),
  },
  { strategy: strategy("never attests", "gives no word at all", { attests: "silent" }) },
  {
    strategy: strategy("shows own forgeries", "its blocks show two forged units of small keys, which all others run", {
      shows: 2,
    }),
  },
  {
    strategy: strategy("only the small task", "of two tasks, trains the one of a third of the effort", {
      task: () => 1,
    }),
    within: twoTasks,
  },
  { strategy: strategy("only the large task", "of two tasks, trains the other", { task: () => 0 }), within: twoTasks },
  {
    strategy: strategy(
      "skips steps",
      "leaves out steps that change nothing: 5 % of a unit's time, the most that the noise rule allows",
      { saves: 0.05 },
    ),
    most: 1 / 0.95,
  },
  {
    strategy: strategy("memoises", "keeps what it computed: no two units share a batch, so nothing is saved", {
      saves: 0,
    }),
  },
  {
    strategy: strategy("does not check", "builds on others' blocks without running their units again", {
      checks: false,
    }),
    most: 1.1,
  },
];

export const CASES: readonly Case[] = [{ strategy: HONEST }, ...records, ...FORGING, ...blocks, ...work];

const named = (name: string): Strategy => {
  const found = CASES.find(({ strategy: { name: of } }) => of === name);
  if (found === undefined) throw new Error(`no strategy ${name}`);
  return found.strategy;
};

/** Without faster ways than others have: what is left of withholding is what the rule gives away. */
const SLOW = strategy("withholds low draws", "as above, and its blocks travel as slowly as those of others", {
  ...named("withholds low draws"),
  near: 1,
});

interface Old {
  readonly deviates: Strategy;
  readonly rule: string;
  readonly switches: Partial<Switches>;
}

const OLD: readonly Old[] = [
  { deviates: named("drops all"), rule: "pay by presence", switches: { pay: "presence" } },
  { deviates: SLOW, rule: "ties to the lower draw", switches: { ties: "lower draw" } },
  { deviates: named("snipes the tip"), rule: "ties to more recorded", switches: { ties: "more recorded" } },
];

const OLD_AUDITS: readonly Old[] = [
  {
    deviates: named("idles where it is alone"),
    rule: "authors do not compare",
    switches: { authorsCompare: false },
  },
  { deviates: named("shows own forgeries"), rule: "of keys with next to nothing", switches: { leastShown: 10_000n } },
];

/** Rules of before, and who gains by them: a simulator that never says yes proves nothing. Then the same under the design. */
const before = (rules: readonly Old[]): Case[] =>
  rules.map(({ deviates, rule, switches }) => ({
    strategy: { ...deviates, name: `${deviates.name}: ${rule}` },
    within: withSwitches(switches),
  }));
const now = (rules: readonly Old[]): Case[] =>
  rules.map(({ deviates }) => ({ strategy: { ...deviates, name: `${deviates.name}: the design` } }));

export const CONTROLS: readonly Case[] = before(OLD);
export const CONTROLLED: readonly Case[] = now(OLD);
export const AUDIT_CONTROLS: readonly Case[] = before(OLD_AUDITS);
export const AUDIT_CONTROLLED: readonly Case[] = now(OLD_AUDITS);

/** Cases by name, for shorter runs. */
export const pick = (...names: readonly string[]): Case[] =>
  names.map((name) => CASES.find(({ strategy: of }) => of.name === name) as Case);
