// Units, records and blocks upon what an engine holds: honest ones as anybody could make them, and the forgeries of a cheat who holds its own key.
import { finish, toHex } from "../../src/base/index.ts";
import { type State, targetAt } from "../../src/chain/index.ts";
import {
  type Block,
  type ClosingRecord,
  Contribution,
  type Evidence,
  RoundRecord,
  type Transaction,
} from "../../src/codec/index.ts";
import { compareContributions, draftBlock, sealBlock } from "../../src/consensus/index.ts";
import { type KeyPair, sha256 } from "../../src/crypto/index.ts";
import { AGGREGATION_RULES, decodeDelta, encodeDelta, parametersDigest } from "../../src/ml/index.ts";
import { COMMON_STATES, findWin, noncesPerUnit, unitOfContribution, unitSeed, type Win } from "../../src/work/index.ts";
import { type Node, only, type Workshop } from "./lab.ts";
import { toyTask, toyUnit } from "./sim.ts";

/** What a unit is run upon: a state, and the parameters and records of the round that is open on it. */
export interface Place {
  readonly state: State;
  readonly round: number;
  readonly start: Uint8Array;
  readonly parameters: Float32Array;
  readonly records: readonly RoundRecord[];
  /** When its block is signed; default: now. */
  readonly time?: number;
}

/** Where `node` stands in its only task, or in another. */
export async function placeOf(node: Node, engine = only(node)): Promise<Place> {
  const { ledger } = node.engine;
  const { rounds, parameters } = engine;
  const { round, startDigest: start, records } = rounds.view;
  const set = await parameters.get(start);
  if (set === undefined) throw new Error("the parameters of the round are not here");
  return { state: ledger.state, round, start, parameters: set, records };
}

export interface Unit {
  readonly contribution: Contribution;
  readonly delta: Uint8Array;
  readonly end: Float32Array;
}

/** How a cheat's unit differs from the honest one. */
export interface Cheat {
  /** Ends elsewhere. */
  readonly end?: (honest: Float32Array, place: Place, seed: Uint8Array) => Float32Array;
  /** Sends another delta than the one that leads to its end. */
  readonly delta?: (honest: Uint8Array) => Uint8Array;
  /** Changes the contribution before it is signed. */
  readonly change?: Partial<Contribution>;
  /** Signs with this key instead. */
  readonly signer?: KeyPair;
}

export interface UnitIndex {
  readonly mlNode?: number;
  readonly index?: number;
}

/** A unit of `key` at `place`. */
export function aUnit(lab: Workshop, key: KeyPair, place: Place, at: UnitIndex = {}, cheat: Cheat = {}): Unit {
  const { rules } = lab.network;
  const { task } = lab;
  const { state, round, start, parameters } = place;
  const { mlNode = 0, index = 0 } = at;
  const on = { beacon: state.beacon, block: state.tipId };
  const unit = { ...on, task: task.id, round, author: key.address, mlNode, index };
  const seed = unitSeed(unit);
  const honest = toyUnit(parameters, seed);
  const end = cheat.end?.(honest, place, seed) ?? honest;
  const right = encodeDelta(toyTask, parameters, end);
  const delta = cheat.delta?.(right) ?? right;
  const fields = {
    task: task.id,
    round,
    block: state.tipId,
    height: state.height,
    author: key.address,
    mlNode,
    index,
    startDigest: start,
    digest: parametersDigest(task, end),
    codec: 0,
    deltaHash: sha256(delta),
    deltaBytes: delta.length,
    ...cheat.change,
  };
  return { contribution: Contribution.sign(fields, cheat.signer ?? key, rules.genesis), delta, end };
}

/** The time that a block at `place` is signed with. */
const timeAt = ({ clock }: Workshop, { state, time }: Place): number =>
  time ?? Math.max(clock.wallTime(), state.time + 1);

/** A unit of `key` that wins at `place`. */
export function aWin(
  lab: Workshop,
  key: KeyPair,
  place: Place,
  cheat: Cheat = {},
  first = 0,
): Unit & { readonly win: Win } {
  const nonces = noncesPerUnit(lab.task, lab.network.rules);
  for (let index = first; index < first + 1000; index++) {
    const unit = aUnit(lab, key, place, { index }, cheat);
    const finished = unitOfContribution(place.state.beacon, unit.contribution);
    const win = findWin(finished, nonces, targetAt(place.state, timeAt(lab, place), lab.network.rules));
    if (win !== undefined) return { ...unit, win };
  }
  throw new Error("no unit wins: the target is too hard for a test");
}

export interface Extras {
  /** Beside the winning unit in the closing record. */
  readonly others?: readonly Unit[];
  readonly transactions?: readonly Transaction[];
  readonly evidence?: readonly Evidence[];
  readonly time?: number;
}

/** The block of a win; throws when no miner could draft it. */
export function blockOf(
  lab: Workshop,
  key: KeyPair,
  place: Place,
  won: Unit & { readonly win: Win },
  extras: Extras = {},
): Block {
  const { rules } = lab.network;
  const time = extras.time ?? timeAt(lab, place);
  const { others = [], ...rest } = extras;
  const { contribution, win, delta } = won;
  lab.wins.set(toHex(contribution.deltaHash), delta);
  const closing = closingAt(lab, place, [won, ...others]);
  const parts = { contribution, nonce: win.nonce, records: place.records, closing, ...rest, time };
  const draft = draftBlock(place.state, parts, rules);
  if (draft.kind !== "draft") throw new Error(`no such block: ${draft.code} ${draft.reason}`);
  return sealBlock(draft, key, rules);
}

/** The record that closes the round of `place` with `units`, of which the first wins. */
export function closingAt({ task }: Workshop, place: Place, units: readonly Unit[]): ClosingRecord {
  const contributions = units.map(({ contribution }) => contribution).sort(compareContributions);
  return { contributions, nextDigest: parametersDigest(task, following(place, units, units[0])) };
}

/** A block of `key` at `place`, honest but for `cheat`. */
export function aBlock(lab: Workshop, key: KeyPair, place: Place, cheat: Cheat = {}, extras: Extras = {}): Block {
  // The time decides which draws win.
  const at = { ...place, time: extras.time ?? timeAt(lab, place) };
  return blockOf(lab, key, at, aWin(lab, key, at, cheat), extras);
}

/** The record that closes the round of `place` with `units`, signed by `leader`; `change` forges fields before the signature. */
export function recordAt(
  lab: Workshop,
  leader: KeyPair,
  place: Place,
  units: readonly Unit[],
  change: Partial<RoundRecord> = {},
  signer: KeyPair = leader,
): RoundRecord {
  const { rules } = lab.network;
  const { task } = lab;
  const previous = place.records.at(-1);
  const stands = place.state.task(task.id) as { lastRecord: Uint8Array };
  const contributions = units.map(({ contribution }) => contribution).sort(compareContributions);
  return RoundRecord.sign(
    {
      task: task.id,
      round: place.round,
      height: place.state.height,
      block: place.state.tipId,
      parent: previous === undefined ? stands.lastRecord : RoundRecord.id(previous),
      contributions,
      nextDigest: parametersDigest(task, following(place, units)),
      leader: leader.address,
      ...change,
    },
    signer,
    rules.genesis,
  );
}

/** P(t+1) of `units` at `place`: late ones weigh less, the one that wins does not. A forger may name rounds that no lag leads to. */
export function following(place: Place, units: readonly Unit[], winning?: Unit): Float32Array {
  const weighted = units.map((unit) => ({
    delta: decodeDelta(toyTask, unit.delta),
    lag: unit === winning ? 0 : Math.min(Math.max(place.round - unit.contribution.round, 0), COMMON_STATES - 1),
  }));
  return finish(AGGREGATION_RULES.mean(toyTask, place.parameters, weighted));
}

/** The place that `record` opens, if it says the truth. */
export function placeAfter(place: Place, record: RoundRecord, parameters: Float32Array): Place {
  return {
    ...place,
    round: record.round + 1,
    start: record.nextDigest,
    parameters,
    records: [...place.records, record],
  };
}
