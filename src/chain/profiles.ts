// The built-in networks, all but their tasks: those are filled in from the models' directories when a node starts.
import type { GenesisProfile } from "./genesis.ts";

const common = {
  version: 2,
  retargetWindow: 20,
  /** 10 coins of 10^6 each. */
  subsidy: "10000000",
  split: { winner: 300, contributions: 600, leader: 100 },
  // Nonces per 10^9 of effort: 1420 for the digits model at S = 2000, so that hashing stays under 1 % of a unit's time.
  omegaB: 67,
  omegaM: 67,
} as const;

/** One machine or a few: a block every 5 s. A core does some 7 units of 1381 draws in that time, so a draw wins once in 9,700. */
const devnet: GenesisProfile = {
  ...common,
  allocations: [],
  network: "devnet",
  time: 1_767_225_600_000,
  blockTimeMs: 5_000,
  target: `0006c7${"f".repeat(58)}`,
  seasonBlocks: 64,
  maturity: 30,
  banBlocks: 200,
  maxFutureMs: 8_000,
};

/** Strangers on the internet: a block every 30 s, easy at first for one core, and retargeted from there. */
const testnet: GenesisProfile = {
  ...common,
  allocations: [],
  network: "testnet",
  time: 1_767_225_600_000,
  blockTimeMs: 30_000,
  target: `000120${"f".repeat(58)}`,
  seasonBlocks: 256,
  maturity: 100,
  banBlocks: 2_000,
  maxFutureMs: 15_000,
};

export const PROFILES = { devnet, testnet } as const satisfies { readonly [name: string]: GenesisProfile };

/** What the built-in networks train: a model and the steps of its unit. */
export const BUILT_IN_TASKS = [{ model: "digits-mlp", steps: 2000 }] as const;
