// What the long-running commands answer: doctor, bench and the replay of the chain. Plain data, printed by the command line.
import type { ProviderReport } from "../../ports/index.ts";
import type { CapabilityReport } from "../views/index.ts";

export interface DoctorReport {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly capabilities: readonly CapabilityReport[];
  /** Every execution provider that was looked at, in order. */
  readonly providers: readonly ProviderReport[];
  /** A short unit from the initial state on made-up data, compared with the shipped vectors. */
  readonly selfTest: { readonly ok: boolean; readonly sentence: string };
  /** Roles asked for that cannot run here. */
  readonly impossible: readonly { readonly role: string; readonly reason: string }[];
}

export interface BenchReport {
  readonly model: string;
  readonly provider: string;
  readonly workers: number;
  readonly seconds: number;
  readonly units: number;
  readonly unitsPerSecond: number;
  readonly stepsPerSecond: number;
  /** Median ms inside the graph, and of the whole unit with batches, digest and delta. */
  readonly graphMs: number;
  readonly unitMs: number;
  /** graphMs over unitMs. */
  readonly graphShare: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly height: number;
  readonly blocks: number;
  readonly records: number;
  readonly unitsExecuted: number;
  /** The height from which records and units were run again: below it the store keeps blocks only. */
  readonly unitsFrom: number;
  /** Why it stopped, and at which height. */
  readonly problem: { readonly height: number; readonly reason: string } | undefined;
  readonly seconds: number;
  /** Hex. */
  readonly stateRoot: string;
  /** Coins. */
  readonly supply: string;
}
