// The layout of the store: every key of the node in one place. Numbers are zero-padded so that keys sort by value.
import { toHex } from "../../base/index.ts";

const height = (value: number): string => value.toString().padStart(10, "0");

export const KEYS = {
  /** Genesis hash, network and format version: a data directory belongs to one chain. */
  identity: "meta/identity",
  /** Id of the best block. */
  head: "meta/head",
  block: (id: Uint8Array): string => `block/${toHex(id)}`,
  /** The whole state after a block, for those heights that the retention keeps. */
  state: (id: Uint8Array): string => `state/${toHex(id)}`,
  /** What the node knows of a block beyond its bytes: work, and whether its unit was checked. */
  entry: (id: Uint8Array): string => `entry/${toHex(id)}`,
  /** The best chain's id at a height. */
  canonical: (at: number): string => `height/${height(at)}`,
  /**
   * Every block at a height, whatever its branch. It sorts behind `state/`: LevelDB reads the row that follows a range in each of its
   * tables, and a whole state is many megabytes.
   */
  sibling: (at: number, id: Uint8Array): string => `tree/${height(at)}/${toHex(id)}`,
  /** Float32 little-endian bytes of a parameter set, by digest. */
  parameters: (digest: Uint8Array): string => `parameters/${toHex(digest)}`,
  /** Scores of a task's seasons, those that this node took. */
  seasonScores: (task: Uint8Array): string => `seasons/${toHex(task)}`,
  /** The best set that a season of a task ended with, as a set is stored; under the task, so that no retention of digests deletes it. */
  bestSet: (task: Uint8Array): string => `best/${toHex(task)}`,
  delta: (hash: Uint8Array): string => `delta/${toHex(hash)}`,
  /** The record that this node signed for a task's round on a block: after a restart it must not sign another. */
  signed: (block: Uint8Array, task: Uint8Array, round: number): string =>
    `signed/${toHex(block)}/${toHex(task)}/${round}`,
} as const;

export const ranges = {
  canonical: (from: number, to: number): { gte: string; lt: string } => ({
    gte: KEYS.canonical(from),
    lt: KEYS.canonical(to),
  }),
  /** Siblings of the heights [from, to). */
  siblings: (from: number, to: number): { gte: string; lt: string } => ({
    gte: `tree/${height(from)}/`,
    lt: `tree/${height(to)}/`,
  }),
} as const;
