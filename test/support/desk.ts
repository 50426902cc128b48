// One followed task and a chain that the test builds by hand, without a node around them: for tests of single parts of the engine.
import { memoryStore } from "../../src/adapters/level/index.ts";
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { type Address, Emitter, type Hash32, Scope, type TaskId } from "../../src/base/index.ts";
import { type Genesis, genesisState, type State } from "../../src/chain/index.ts";
import { Block, type Decoded, type RoundRecord } from "../../src/codec/index.ts";
import { checkBlock } from "../../src/consensus/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import { KeyBans, Ledger } from "../../src/engine/chain/index.ts";
import type { EventBus } from "../../src/engine/events.ts";
import { OWN } from "../../src/engine/origin.ts";
import { type BlockEntry, BlockStore } from "../../src/engine/storage/index.ts";
import { FollowedTask, FollowedTasks } from "../../src/engine/training/index.ts";
import type { Store } from "../../src/ports/index.ts";
import { beginsSeason, firstParameters } from "../../src/work/index.ts";
import { aUnit, aWin, blockOf, following, type Place, placeAfter, recordAt, type Unit } from "./forge.ts";
import { Lab } from "./lab.ts";
import { Sim, toyArtifacts } from "./sim.ts";

export const { signal } = new Scope();
/** Wins every block of a desk and leads every round. */
export const leader: KeyPair = Sim.key("leader");
export const worker: KeyPair = Sim.key("worker");

export interface Desk {
  readonly lab: Lab;
  readonly store: Store;
  readonly blocks: BlockStore;
  readonly events: EventBus;
  readonly followed: FollowedTask;
  readonly bans: KeyBans;
  readonly ledger: Ledger;
  /** Names of events, in order. */
  readonly heard: string[];
}

/** A desk over `store`; whatever that holds is taken up. */
export async function aDesk(
  store: Store = memoryStore(),
  options: { readonly blocks?: BlockStore; readonly genesis?: Partial<Genesis> } = {},
): Promise<Desk> {
  const lab = new Lab(options.genesis);
  const { clock, network, task } = lab;
  const blocks = options.blocks ?? new BlockStore(store);
  const events: EventBus = new Emitter();
  const heard: string[] = [];
  for (const name of ["head", "pending", "checked"] as const) events.on(name, () => heard.push(name));
  const { seasonBlocks } = network.rules;
  const deps = { store, seasonBlocks, blocks, network: undefined, artifacts: toyArtifacts };
  const followed = await FollowedTask.open(task, deps, { signal });
  const training = new FollowedTasks([followed]);
  const bans = new KeyBans(network.rules, events);
  const chain = { blocks, training, executes: () => true, bans, events, clock, log: silentLog() };
  const ledger = await Ledger.open(network, chain);
  return { lab, store, blocks, events, followed, bans, ledger, heard };
}

/** The desk's task over the same store with an empty memory, as after a restart. */
export function afresh({ lab, store }: Desk): Promise<FollowedTask> {
  const { seasonBlocks } = lab.network.rules;
  const deps = { store, seasonBlocks, blocks: new BlockStore(store), network: undefined, artifacts: toyArtifacts };
  return FollowedTask.open(lab.task, deps, { signal });
}

/** Where a desk's chain begins, and nobody leads. */
export async function genesisPlace({ lab, followed }: Desk): Promise<Place> {
  const start = lab.task.initialDigest;
  const parameters = (await followed.parameters.get(start)) as Float32Array;
  return { state: genesisState(lab.network.genesis), round: 0, start, parameters, records: [] };
}

/** On the first block, which the leader won: so it leads from there on. */
export async function firstPlace(desk: Desk): Promise<Place> {
  return (await grow(desk, await genesisPlace(desk), 1, 0))[0]?.place as Place;
}

/** Units of `key` at a place, with their deltas in the desk's hands. */
export function unitsAt({ lab, followed }: Desk, place: Place, count = 1, key = worker): Unit[] {
  const units = Array.from({ length: count }, (_, index) => aUnit(lab, key, place, { index }));
  for (const { contribution, delta } of units) followed.deltas.put(contribution.deltaHash, delta);
  return units;
}

export interface Closed {
  readonly place: Place;
  readonly record: RoundRecord;
}

/** The round of a place closed by a record of some units. */
export function closed(desk: Desk, place: Place, units: readonly Unit[] = unitsAt(desk, place)): Closed {
  const record = recordAt(desk.lab, leader, place, units);
  return { record, place: placeAfter(place, record, following(place, units)) };
}

/** Closes `count` rounds, one after the other. */
export function afterRounds(desk: Desk, place: Place, count: number): Place {
  let at = place;
  for (let i = 0; i < count; i++) at = closed(desk, at).place;
  return at;
}

export interface Built {
  readonly block: Decoded<Block>;
  /** Where the round stands on it. */
  readonly place: Place;
}

/** A block of the leader with `rounds` records of one unit each, not imported. */
export function blockOn(desk: Desk, place: Place, rounds = 1, extras: Parameters<typeof blockOf>[4] = {}): Built {
  return blockAt(desk, afterRounds(desk, place, rounds), extras);
}

/** A block of the leader that closes the round of a place, not imported. */
export function blockAt(desk: Desk, ready: Place, extras: Parameters<typeof blockOf>[4] = {}): Built {
  const { lab } = desk;
  const time = extras.time ?? ready.state.time + lab.network.rules.blockTimeMs;
  // The time decides which draws win.
  const won = aWin(lab, leader, { ...ready, time });
  desk.followed.deltas.put(won.contribution.deltaHash, won.delta);
  const block = Block.wrap(blockOf(lab, leader, ready, won, { ...extras, time }));
  const combined = following(ready, [won, ...(extras.others ?? [])], won);
  return { block, place: placeOn(lab, stateAfter(lab, ready.state, block.value), combined) };
}

/** Where training stands after a block that made `combined`, unless a season begins. */
function placeOn({ task, network }: Lab, state: State, combined: Float32Array): Place {
  const { round, parametersDigest: start, season } = state.task(task.id) as NonNullable<ReturnType<State["task"]>>;
  const anew = beginsSeason(state.height, network.rules.seasonBlocks);
  return { state, round, start, parameters: anew ? firstParameters(task, season) : combined, records: [] };
}

/** The state after a block that must be valid. */
export function stateAfter(lab: Lab, parent: State, block: Block): State {
  const result = checkBlock(parent, block, {}, lab.network.rules);
  if (result.kind !== "state") throw new Error(`not a valid block: ${result.code} ${result.reason}`);
  return result.state;
}

/** Imports `count` own blocks from a place on, with `rounds` records each; what was built, oldest first. */
export async function grow(desk: Desk, place: Place, count: number, rounds = 1): Promise<Built[]> {
  const built: Built[] = [];
  for (let i = 0; i < count; i++) {
    const next = blockOn(desk, built.at(-1)?.place ?? place, rounds);
    const verdict = await desk.ledger.importBlock(next.block, OWN, { signal });
    if (verdict.kind !== "accept") throw new Error(`block ${i} was refused: ${verdict.code} ${verdict.reason}`);
    built.push(next);
  }
  return built;
}

/** Deletes every row under a prefix; how many there were. */
export async function wipe(store: Store, prefix: string): Promise<number> {
  const keys: string[] = [];
  for await (const key of store.keys({ gte: `${prefix}/`, lt: `${prefix}0` })) keys.push(key);
  await store.batch(keys.map((key) => ({ key, value: undefined })));
  return keys.length;
}

/** Keys under a prefix, without it. */
export async function keysOf(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of store.keys({ gte: `${prefix}/`, lt: `${prefix}0` })) keys.push(key.slice(prefix.length + 1));
  return keys;
}

/** A block as the store tells of it, and the state after it. */
export interface Link {
  readonly block: Decoded<Block>;
  readonly state: State;
}

/** What a store keeps of a block beside its bytes. */
export function entryOf({ block, state }: Link, more: Partial<BlockEntry> = {}): BlockEntry {
  const { header } = block.value;
  return {
    id: block.id as Hash32,
    parent: header.parent as Hash32,
    height: header.height,
    work: state.work,
    miner: header.miner as Address,
    heard: header.height,
    startKnown: true,
    task: header.task as TaskId,
    startDigest: header.startDigest as Hash32,
    parameters: [],
    checked: "pending",
    ...more,
  };
}
