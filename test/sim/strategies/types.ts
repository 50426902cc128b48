// The things of the model and what a miner may decide: as much of them as pay and choice depend on.
import type { Agenda, Chance } from "./chance.ts";
import type { Params } from "./params.ts";

export interface Unit {
  readonly player: number;
  readonly key: number;
  /** Its lane's number in the whole network. */
  readonly lane: number;
  readonly task: number;
  /** The block that it was run on. */
  readonly block: Block;
  /** Number of the common state that it started from; the states of a branch are counted through. */
  readonly start: number;
  /** Nobody trained it. */
  readonly forged: boolean;
  readonly admitted: boolean;
  /** When everybody else has it; never while its block is private. */
  heardAt: number;
  /** Blocks that recorded it, one for each branch. */
  readonly recorded: Block[];
  /** Leaders' records that hold it. */
  readonly stands: { readonly desk: Desk; readonly at: number }[];
}

/** A contribution in a record. */
export interface Entry {
  readonly unit: Unit;
  readonly lag: number;
}

export interface Record {
  readonly task: number;
  /** Key of who signed it; of the winner's closing record nobody. */
  readonly leader: number | undefined;
  readonly entries: readonly Entry[];
}

export interface Audit {
  readonly unit: Unit;
  /** Keys drawn that give a word, in order. */
  readonly words: readonly { readonly key: number; readonly kind: "worked" | "made up" | "friend" }[];
}

export interface Account {
  readonly liquid: bigint;
  /** C(key). */
  readonly stake: bigint;
  /** Withdrawn, at risk until that height. */
  readonly unbonding: readonly { readonly until: number; readonly amount: bigint }[];
  /** What blocks up to this height paid it is void. */
  readonly voidTo: number;
  readonly banned: boolean;
}

export interface State {
  readonly accounts: readonly Account[];
  /** Offenders that were found and not yet punished. */
  readonly found: readonly number[];
}

export interface Block {
  readonly height: number;
  readonly parent: Block | undefined;
  readonly player: number;
  readonly key: number;
  readonly time: number;
  /** Where its winning draw lay below the target, 0 to 1. */
  readonly draw: number;
  /** The target of its child before any 2^k, and the draws that this child is expected to take. */
  readonly target: Uint8Array;
  readonly expected: bigint;
  readonly work: bigint;
  /** Number of each task's common state after it. */
  readonly first: readonly number[];
  /** Leader records that it carried of each task: states of its parent beyond them are not on this branch. */
  readonly carried: readonly number[];
  readonly records: Record[];
  /** Contributions in them. */
  readonly size: number;
  readonly winning: Unit | undefined;
  /** Audits that its beacon drew among its parent's contributions. */
  audits: readonly Audit[];
  state: State;
  /** What it paid, by key, until it matures. */
  readonly credits: Map<number, bigint>;
  /** Leaders' pay by author, void with the author's. */
  readonly leaderPay: Map<number, Map<number, bigint>>;
  published: boolean;
  /** Units run on it. */
  readonly pool: Unit[];
}

/** A leader's desk: the contributions of one task that wait on one block, and the records it signs of them. */
export interface Desk {
  readonly block: Block;
  readonly task: number;
  readonly leader: Player;
  readonly records: (readonly Unit[])[];
  /** Records that everybody has. */
  heard: number;
  pending: Unit[];
  openedAt: number;
  /** Lanes that a contribution of the open round has come from. */
  present: Set<number>;
  timed: boolean;
}

/** A key of a player, and what it is to have at stake; "all" that is free, as honest miners do. */
export interface PurseKey {
  readonly key: number;
  keep: bigint | "all";
}

/** The keys of one player, whose free money is one. */
export type Purse = readonly PurseKey[];

/** One worker of a player, and the unit that it runs. */
export interface Lane {
  /** In the whole network. */
  readonly number: number;
  readonly player: Player;
  /** Which of the player's training keys it works for. */
  readonly slot: number;
  /** Seconds of a unit of the first task. */
  readonly seconds: number;
  readonly task: number;
  block: Block;
  start: number;
  index: number;
  /** When the unit in progress began, and when it ends. */
  beganAt: number;
  endsAt: number;
  /** Rises with each unit that is begun: the end of a dropped one is not heard. */
  token: number;
  /** Runs a check or an audit, which nothing interrupts. */
  busy: boolean;
  /** The last common state that a contribution of it started from, and when it came, and how many rounds late: for whom leaders wait. */
  lastRound: number;
  lastTime: number;
  lastLag: number;
}

export interface Player {
  readonly number: number;
  readonly strategy: Strategy;
  readonly lanes: Lane[];
  readonly purse: PurseKey[];
  /** Keys that train, one for each slot. */
  readonly keys: number[];
  /** A key that forges and does nothing else. */
  forger: number | undefined;
  head: Block;
  /** Checks and audits to run, in units. */
  owed: number;
  /** Contributions sent on the block `sentOn`. */
  sentOn: Block | undefined;
  sent: number;
  /** Own blocks that nobody else knows, lowest first. */
  hidden: Block[];
  /** Height of the highest block of others on another branch than the own one. */
  rival: number;
  /** Races of two blocks of one height, and honest power that worked on the own one. */
  races: { count: number; followers: number };
  /** Wins less the wins that were expected: chance alone, taken off to see more with fewer runs. */
  luck: number;
  units: number;
  dropped: number;
}

export interface Strategy {
  readonly name: string;
  /** What it does, for the page. */
  readonly does: string;
  /** Units of its lanes take so much less time. */
  readonly saves: number;
  /** Its blocks' way takes so much of the time of others. */
  readonly near: number;
  /** Whether a lane drops the unit in progress when a newer common state comes. */
  drops(lane: Lane, newBlock: boolean, now: number): boolean;
  /** Common states that a unit starts behind the newest. */
  readonly behind: number;
  /** The task that a lane trains. */
  task(lane: number, tasks: number): number;
  /** As a leader: whether another's contribution goes into the record. */
  records(unit: Unit, me: Player): boolean;
  /** As a leader: closes the round without waiting for others. */
  readonly rushes: boolean;
  /** As a winner: how many of the leader's records it carries, between those that its unit needs and those that it may. */
  carries(needed: number, most: number, parent: Block): number;
  /** As a winner: whether another's contribution goes into the closing record. */
  closes(unit: Unit, me: Player, parent: Block): boolean;
  readonly forges: Forging | undefined;
  /** Keys that its lanes are spread over, and lanes that each of its lanes is split into. */
  readonly keys: number;
  readonly splits: number;
  readonly attests: "works" | "made up" | "made up where alone" | "silent";
  /** Forged units of keys with the least collateral that each of its blocks shows, so that all others run them. */
  readonly shows: number;
  /** Whether it runs the winning units of others again. */
  readonly checks: boolean;
  /** The block that it works on, given the head that fork choice prefers. */
  worksOn(head: Block, me: Player): Block;
  /** After an own win: whether the block goes out, stays private, or is thrown away. */
  won(block: Block, me: Player, network: Network): "publish" | "hold" | "drop";
  /** After a block of others was heard. */
  heard(block: Block, me: Player, network: Network): void;
}

export interface Forging {
  /** Forged contributions over all that it sends; at 1 every place that a block has for the key is filled. */
  readonly rate: number;
  /** Stake of a key that does nothing else and has nothing else to lose; undefined: the training key forges. */
  readonly keep: bigint | undefined;
  /** Only while it leads itself. */
  readonly leading: boolean;
}

/** What the parts of the model see of the whole. */
export interface Network {
  readonly params: Params;
  readonly chance: Chance;
  readonly agenda: Agenda;
  readonly players: Player[];
  readonly lanes: Lane[];
  /** Player of each key. */
  readonly owners: number[];
  deskOf(block: Block, task: number): Desk;
  newest(me: Player, block: Block, task: number): number;
  workBlock(me: Player): Block;
  unitOf(lane: Lane, key: number, forged: boolean): Unit;
  send(unit: Unit): void;
  publish(block: Block): void;
}
