// What a simulated network is made of: the rules of a built-in network, its machines, and the switches that bring old rules back.
import { PROFILES, type Rules } from "../../../src/chain/index.ts";

/** The part of the rules that the model follows. */
export type SimRules = Pick<
  Rules,
  | "subsidy"
  | "split"
  | "auditOneIn"
  | "attesters"
  | "minCollateral"
  | "provisional"
  | "blockTimeMs"
  | "retargetWindow"
  | "maturity"
  | "unbonding"
  | "seasonBlocks"
>;

export interface SimTask {
  /** a(T). */
  readonly nonces: number;
  /** Effort of its unit over that of the first task. */
  readonly effort: number;
}

/** Rules of before, or of nobody: each shows that the simulator can fail. */
export interface Switches {
  readonly ties: "first heard" | "lower draw" | "more recorded";
  readonly pay: "work" | "presence";
  /** Part of 8 that the collateral factor is: 8 makes it 1, since a contribution may then take eight times as much. */
  readonly collateralTimes: bigint;
  /** Common states back that a contribution may start from; 0 records what is on time only. */
  readonly lag: number;
  /** Part of the audits that honest attesters do. */
  readonly auditsDone: number;
  /** Units that checking another's block takes. */
  readonly check: number;
  /** A leader waits for those who came of late and started at most so many rounds behind. */
  readonly expectedLag: number;
  /** The attesters' part, in per mille. */
  readonly attestations: number;
  /** Authors compare the words on their own units with the traces that they know. */
  readonly authorsCompare: boolean;
  /** What a key must have to lose for evidence of a unit to be taken, in millionths of a coin. */
  readonly leastShown: bigint;
}

export interface Params {
  readonly rules: SimRules;
  readonly tasks: readonly SimTask[];
  /** Seconds of a unit on each honest machine. */
  readonly machines: readonly number[];
  /** Seconds that a message takes at least, and on average beyond that. */
  readonly latency: { readonly least: number; readonly more: number };
  readonly switches: Switches;
  /** Millionths of a coin that each key has staked per unit of power (units a second) when it begins. */
  readonly stakePerPower: bigint;
}

export const DESIGN: Switches = {
  ties: "first heard",
  pay: "work",
  collateralTimes: 1n,
  lag: 7,
  auditsDone: 1,
  check: 1,
  expectedLag: 7,
  attestations: 50,
  authorsCompare: true,
  leastShown: 3_000_000n,
};

/** The rules of a built-in network. */
export function rulesFor(network: keyof typeof PROFILES): SimRules {
  const { subsidy, minCollateral, provisional, ...rest } = PROFILES[network];
  const money = { subsidy: BigInt(subsidy), minCollateral: BigInt(minCollateral), provisional: BigInt(provisional) };
  return { ...rest, ...money };
}

/** Units of 0.35 to 0.5 seconds times `scale`; the last two machines are three times slower where there are four or more. */
export function machinesOf(count: number, scale = 1): number[] {
  const fast = count >= 4 ? count - 2 : count;
  const even = Array.from({ length: fast }, (_, i) => scale * (0.35 + (0.15 * i) / Math.max(1, fast - 1)));
  return fast === count ? even : [...even, 1.05 * scale, 1.5 * scale];
}

const NONCES = 1420;

/** A block in 5 s and units of 0.35 to 0.5 s. */
export function devnetLike(machines: number, switches: Partial<Switches> = {}): Params {
  return {
    rules: rulesFor("devnet"),
    tasks: [{ nonces: NONCES, effort: 1 }],
    machines: machinesOf(machines),
    latency: { least: 0.04, more: 0.06 },
    switches: { ...DESIGN, ...switches },
    stakePerPower: 20_000_000n,
  };
}

/** A block in 30 s and units of 2.1 to 3 s, over longer ways. */
export function testnetLike(machines: number, switches: Partial<Switches> = {}): Params {
  return {
    ...devnetLike(machines, switches),
    rules: rulesFor("testnet"),
    machines: machinesOf(machines, 6),
    latency: { least: 0.1, more: 0.15 },
    stakePerPower: 120_000_000n,
  };
}

/** Units a second of these machines. */
export const powerOf = (machines: readonly number[]): number => machines.reduce((sum, unit) => sum + 1 / unit, 0);

/** Lanes of like speed that have the share of all power beside these machines. */
export function lanesFor(share: number, machines: readonly number[]): number[] {
  const wanted = (powerOf(machines) * share) / (1 - share);
  const count = Math.max(1, Math.round(wanted * 0.42 * ((machines[0] ?? 0.35) / 0.35)));
  return Array.from({ length: count }, () => count / wanted);
}
