// The layout of the store: every key of the node in one place. Numbers are zero-padded so that keys sort by value.
import { toHex } from "../../base/index.ts";

const height = (value: number): string => value.toString().padStart(10, "0");

/** Every key below a path: "0" follows "/". */
const under = (path: string): { gte: string; lt: string } => ({ gte: `${path}/`, lt: `${path}0` });

export const KEYS = {
  /** Genesis hash, network and format version: a data directory belongs to one chain. */
  identity: "meta/identity",
  /** Id of the best block. */
  head: "meta/head",
  /** Lowest height whose deltas are kept, as a decimal number. */
  oldest: "meta/oldest",
  block: (id: Uint8Array): string => `block/${toHex(id)}`,
  /** The block's header again: peers ask for hundreds at once, and a block may be a thousand times as large. */
  header: (id: Uint8Array): string => `header/${toHex(id)}`,
  /** The main row of the whole state after a block, for those heights that the retention keeps. */
  state: (id: Uint8Array): string => `state/${toHex(id)}`,
  /** Its other rows, by name. */
  stateRow: (id: Uint8Array, name: string): string => `state/${toHex(id)}/${name}`,
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
  /**
   * By the height that its unit began on: deltas are most of what is written, and rows that come and go in their order are written once or twice
   * as tables are merged, others time and again.
   */
  delta: (at: number, hash: Uint8Array): string => `delta/${height(at)}/${toHex(hash)}`,
  /** Who needs a delta, and the height that it lies under: a block that carries it, or a round. */
  need: (hash: Uint8Array, at: number, owner: string): string => `need/${toHex(hash)}/${height(at)}/${owner}`,
  /** A delta that was stored before a block carried it, by the height that its round stood on. */
  loose: (at: number, hash: Uint8Array, owner: string): string => `loose/${height(at)}/${toHex(hash)}/${owner}`,
  /** The record that this node signed for a task's round on a block: after a restart it must not sign another. */
  signed: (block: Uint8Array, task: Uint8Array, round: number): string =>
    `signed/${toHex(block)}/${toHex(task)}/${round}`,
} as const;

export const ranges = {
  /** All rows of a state but the main one. */
  stateRows: (id: Uint8Array): { gte: string; lt: string } => ({
    gte: KEYS.stateRow(id, ""),
    lt: KEYS.stateRow(id, "~"),
  }),
  canonical: (from: number, to: number): { gte: string; lt: string } => ({
    gte: KEYS.canonical(from),
    lt: KEYS.canonical(to),
  }),
  /** Siblings of the heights [from, to). */
  siblings: (from: number, to: number): { gte: string; lt: string } => ({
    gte: `tree/${height(from)}/`,
    lt: `tree/${height(to)}/`,
  }),
  /** Who needs what delta, of all; and every state. */
  need: { gte: "need/", lt: "need0" },
  state: { gte: "state/", lt: "state0" },
  /** Who needs a delta. */
  needs: (hash: Uint8Array): { gte: string; lt: string } => under(`need/${toHex(hash)}`),
  /** Deltas stored without a block at heights below `to`. */
  loose: (to: number): { gte: string; lt: string } => ({ gte: "loose/", lt: `loose/${height(Math.max(0, to))}/` }),
  /** Records that this node signed on a block. */
  signed: (block: Uint8Array): { gte: string; lt: string } => under(`signed/${toHex(block)}`),
} as const;
