// The built-in networks, all but their tasks: those are filled in from the models' directories when a node starts.
import type { GenesisProfile } from "./genesis.ts";

const common = {
  version: 2,
  /** 10 coins of 10^6 each. */
  subsidy: "10000000",
  split: { winner: 300, contributions: 450, leader: 100, attestations: 50, epoch: 100 },
  minCollateral: "3000000",
  provisional: "6000000",
  accountFee: "10000",
  evidenceBlocks: 24,
  // Commits in blocks h + 2 to h + 6, reveals in h + 7 to h + 11: time for a unit and a message, and twelve blocks left for evidence.
  auditBlocks: 5,
  // Nonces per 10^9 of effort: 1436 for the digits model at S = 2000, so that hashing stays under 1 % of a unit's time.
  omegaB: 67,
  omegaM: 67,
} as const;

/** One machine or a few: a block every 5 s. The first takes some 14 units of 1436 draws: a draw wins once in 19,880. */
const devnet: GenesisProfile = {
  ...common,
  allocations: [],
  network: "devnet",
  time: 1_767_225_600_000,
  blockTimeMs: 5_000,
  target: `00034b${"f".repeat(58)}`,
  retargetWindow: 20,
  seasonBlocks: 64,
  auditOneIn: 16,
  attesters: 1,
  maturity: 48,
  unbonding: 96,
  banBlocks: 200,
  maxFutureMs: 8_000,
};

/** Strangers on the internet: a block every 30 s. The first takes 100 units, and the target is retargeted from there. */
const testnet: GenesisProfile = {
  ...common,
  allocations: [],
  network: "testnet",
  time: 1_767_225_600_000,
  blockTimeMs: 30_000,
  target: `000076${"f".repeat(58)}`,
  retargetWindow: 60,
  seasonBlocks: 256,
  auditOneIn: 32,
  attesters: 2,
  maturity: 120,
  unbonding: 240,
  banBlocks: 2_000,
  maxFutureMs: 15_000,
};

export const PROFILES = { devnet, testnet } as const satisfies { readonly [name: string]: GenesisProfile };

/** What the built-in networks train: a model and the steps of its unit. */
export const BUILT_IN_TASKS = [{ model: "digits-mlp", steps: 2000 }] as const;
