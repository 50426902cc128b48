// Builders of chains for tests: keys, a genesis, units whose results are made up but fixed, honest blocks, and every forgery of them.
// A made-up unit is a function of its seed, as a real one is, so `fakeUnit` also plays the verifier who re-executes.
import { bytesEqual, formatCoins, type Hash32, reject, utf8, type Verdict } from "../../src/base/index.ts";
import {
  apply,
  type CarryingBlock,
  findTask,
  type Genesis,
  type GenesisTask,
  genesisState,
  parseGenesis,
  type Rules,
  readPayload,
  rulesOf,
  type State,
  type Transfer,
  targetAt,
  transferOf,
} from "../../src/chain/index.ts";
import {
  type AuditCommit,
  type AuditReveal,
  type Block,
  type Body,
  type ClosingRecord,
  Contribution,
  type Evidence,
  Header,
  RoundRecord,
  Transaction,
  type UnsignedHeader,
} from "../../src/codec/index.ts";
import {
  bodyRoot,
  checkContribution,
  checkRecord,
  compareContributions,
  type DraftParts,
  draftBlock,
  nextRound,
  type OpenRound,
  openRound,
  Recorded,
  sealBlock,
} from "../../src/consensus/index.ts";
import { type KeyPair, keyPairFromSecret, sha256, taggedHash } from "../../src/crypto/index.ts";
import { findWin, noncesPerUnit, type Task, type UnitId, unitOfContribution, unitSeed } from "../../src/work/index.ts";

/** The same key for the same name, always. */
export const aKey = (name: string): KeyPair => keyPairFromSecret(sha256(utf8(`test key ${name}`)));
export const alice: KeyPair = aKey("alice");
export const bob: KeyPair = aKey("bob");
export const carol: KeyPair = aKey("carol");

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const digest = (text: string): string => hex(sha256(utf8(text)));

/** Every fact of a made-up task. */
export const aRegistration = (name: string, change: Partial<GenesisTask> = {}): GenesisTask => ({
  name,
  model: name,
  kind: "classification",
  trainDigest: digest(`${name} train`),
  evalDigest: digest(`${name} eval`),
  initialDigest: digest(`${name} parameters`),
  initSeed: name,
  data: {
    name: "data",
    digest: digest("data"),
    inputs: [{ name: "rows", dtype: "uint8", shape: ["N"], limit: 256 }],
    window: 1,
    evalStride: 1,
    splits: { train: [0, 100], validation: [100, 110], test: [110, 120] },
  },
  steps: 8,
  batch: 8,
  evalBatch: 1,
  predictionsPerSample: 1,
  noise: [],
  optimizer: { kind: "sgd", settings: [{ learningRate: "1" }, { learningRate: "2" }] },
  parameters: [{ name: "a", shape: [10], exponent: -22, init: { kind: "normal", std: "0.125" } }],
  parameterCount: 10,
  // With an omegaB of 1 a unit has 64 nonces.
  effort: { batch: 8_000_000_000, rest: 0 },
  codec: "exact",
  aggregation: "mean",
  ...change,
});

/** What alice, bob and carol each have at stake where records are made: without collateral nobody is recorded. */
export const STAKE = 1_000_000n;
export const STAKES = {
  allocations: [alice, bob, carol].map(({ address }) => ({
    address: hex(address),
    amount: address === alice.address ? "1000000" : "0",
    stake: `${STAKE}`,
  })),
};

/** What a block makes whose winner records nobody else, on the easy network: stake at once, the rest when it matures. */
export const LONE = { stake: 300n, immature: 470n, minted: 770n };

/** Money of the small test networks: a block makes a thousand, three are collateral enough, accounts are free. */
export const SMALL_MONEY = {
  subsidy: "1000",
  split: { winner: 300, contributions: 450, leader: 100, attestations: 50, epoch: 100 },
  auditOneIn: 16,
  auditBlocks: 1,
  attesters: 1,
  minCollateral: "3",
  provisional: "6",
  accountFee: "0",
};

/** An easy network: a draw wins once in 16, a unit has 64; alice owns a million. */
export function aGenesis(change: Partial<Genesis> = {}): Genesis {
  return parseGenesis({
    network: "testing",
    version: 2,
    time: 1_700_000_000_000,
    blockTimeMs: 1000,
    target: `0f${"f".repeat(62)}`,
    retargetWindow: 20,
    ...SMALL_MONEY,
    maturity: 5,
    unbonding: 20,
    evidenceBlocks: 5,
    omegaB: 1,
    omegaM: 0,
    seasonBlocks: 1000,
    banBlocks: 8,
    maxFutureMs: 2000,
    allocations: [{ address: hex(alice.address), amount: "1000000" }],
    tasks: [aRegistration("fake")],
    ...change,
  });
}

export interface World {
  readonly genesis: Genesis;
  readonly rules: Rules;
  readonly state: State;
}

/** A network at height 0. */
export function aWorld(change: Partial<Genesis> = {}): World {
  const genesis = aGenesis(change);
  return { genesis, rules: rulesOf(genesis), state: genesisState(genesis) };
}

/** The first and, in most tests, only task. */
export const taskIn = (rules: Rules): Task => rules.tasks[0] as Task;

/** A block on `state` that is won in the first task, as evidence looks at it. */
export const onTask = (state: State, rules: Rules): CarryingBlock => ({ state, task: taskIn(rules).id });

/** The result of a made-up unit, by its seed: what a re-execution would find. */
export function fakeUnit(unit: UnitId): { digest: Hash32; deltaHash: Hash32; trace: Hash32 } {
  const seed = unitSeed(unit);
  return {
    digest: taggedHash("fake digest", seed),
    deltaHash: taggedHash("fake delta", seed),
    trace: taggedHash("fake trace", seed),
  };
}

/** P(t+1) of made-up contributions: what summing their deltas would give. */
export function fakeNext(start: Uint8Array, contributions: readonly Contribution[]): Hash32 {
  return taggedHash("fake next", start, ...contributions.map((contribution) => contribution.deltaHash));
}

export interface UnitPlace {
  /** Default: the network's first task. */
  readonly task?: Uint8Array | undefined;
  readonly mlNode?: number;
  readonly index?: number;
  /** Default: the round that `previous` opened, or else the tip. */
  readonly previous?: RoundRecord | undefined;
  /** Default: the tip's. */
  readonly height?: number;
}

/** An honest contribution of `key`, run upon `state` (or a recent block of it). */
export function aContribution(state: State, key: KeyPair, place: UnitPlace, rules: Rules): Contribution {
  const task = place.task ?? taskIn(rules).id;
  const height = place.height ?? state.height;
  const stands = state.task(task);
  const on = state.recentBlock(height);
  if (stands === undefined || on === undefined) throw new Error(`no unit can be run at height ${height}`);
  const { previous, mlNode = 0, index = 0 } = place;
  const round = previous === undefined ? stands.round : previous.round + 1;
  const start = previous?.nextDigest ?? stands.parametersDigest;
  const unit = { beacon: on.beacon, block: on.id, task, round, author: key.address, mlNode, index };
  const { digest, deltaHash } = fakeUnit(unit);
  return Contribution.sign(
    {
      task,
      round,
      block: on.id,
      height,
      author: key.address,
      mlNode,
      index,
      startDigest: start,
      digest,
      deltaHash,
      codec: 0,
      deltaBytes: 40,
    },
    key,
    rules.genesis,
  );
}

/** A record of `contributions` (sorted here) after `previous`, signed by `leader`; `change` forges fields before the signature. */
export function aRecord(
  state: State,
  leader: KeyPair,
  parts: {
    readonly task?: Uint8Array | undefined;
    readonly previous?: RoundRecord | undefined;
    readonly contributions: readonly Contribution[];
  },
  rules: Rules,
  change: Partial<RoundRecord> = {},
): RoundRecord {
  const stands = state.task(parts.task ?? taskIn(rules).id);
  if (stands === undefined) throw new Error("no task");
  const { previous } = parts;
  const contributions = [...parts.contributions].sort(compareContributions);
  return RoundRecord.sign(
    {
      task: stands.id,
      round: previous === undefined ? stands.round : previous.round + 1,
      height: state.height,
      block: state.tipId,
      parent: previous === undefined ? stands.lastRecord : RoundRecord.id(previous),
      contributions,
      nextDigest: fakeNext(previous?.nextDigest ?? stands.parametersDigest, contributions),
      leader: leader.address,
      ...change,
    },
    leader,
    rules.genesis,
  );
}

/** `count` honest records of `leader`, each of one unit of every author; of the first task unless told. */
export function someRecords(
  state: State,
  leader: KeyPair,
  authors: readonly KeyPair[],
  count: number,
  rules: Rules,
  task?: Uint8Array,
): RoundRecord[] {
  const records: RoundRecord[] = [];
  for (let i = 0; i < count; i++) {
    const previous = records.at(-1);
    const contributions = authors.map((author) => aContribution(state, author, { task, previous }, rules));
    records.push(aRecord(state, leader, { task, previous, contributions }, rules));
  }
  return records;
}

/** The closing record of a win, with `others` in it, over the state that the leader's records lead to. */
export function aClosing(
  state: State,
  winning: Contribution,
  records: readonly RoundRecord[] = [],
  others: readonly Contribution[] = [],
): ClosingRecord {
  const last = records.findLast((record) => bytesEqual(record.task, winning.task));
  const start = last?.nextDigest ?? state.task(winning.task)?.parametersDigest ?? winning.startDigest;
  const contributions = [...others, winning].sort(compareContributions);
  return { contributions, nextDigest: fakeNext(start, contributions) };
}

export interface BlockPlan {
  /** Of the winning unit; default: the network's first. */
  readonly task?: Uint8Array;
  readonly records?: readonly RoundRecord[];
  readonly transactions?: readonly Transaction[];
  readonly reveals?: readonly AuditReveal[];
  readonly commits?: readonly AuditCommit[];
  readonly evidence?: readonly Evidence[];
  /** Default: one block time after the parent. */
  readonly time?: number;
  readonly mlNode?: number;
  /** First unit index to try. */
  readonly index?: number;
  /** Beside the winning contribution in the closing record. */
  readonly others?: readonly Contribution[];
  /** Records before the winner's start; default: all of its task. */
  readonly before?: number;
}

/** Runs units until one wins: the block's parts, not yet checked. */
export function winningParts(state: State, key: KeyPair, plan: BlockPlan, rules: Rules): DraftParts {
  const { mlNode = 0, index: firstIndex = 0, time = state.time + rules.blockTimeMs, ...rest } = plan;
  const { task: id = taskIn(rules).id, others, before, ...body } = rest;
  const task = findTask(rules, id) as Task;
  const own = (plan.records ?? []).filter((record) => bytesEqual(record.task, id));
  const previous = own[(before ?? own.length) - 1];
  for (let index = firstIndex; index < firstIndex + 10_000; index++) {
    const contribution = aContribution(state, key, { task: id, mlNode, index, previous }, rules);
    const unit = unitOfContribution(state.beacon, contribution);
    const win = findWin(unit, noncesPerUnit(task, rules), targetAt(state, time, rules));
    if (win !== undefined) {
      const closing = aClosing(state, contribution, plan.records, others);
      return { ...body, contribution, closing, nonce: win.nonce, time };
    }
  }
  throw new Error("no unit wins: the target is too hard for a test");
}

export interface Mined {
  readonly block: Block;
  /** The state after it. */
  readonly state: State;
}

/** An honest block on `state`; throws when the plan is refused. */
export function mineBlock(state: State, key: KeyPair, rules: Rules, plan: BlockPlan = {}): Mined {
  const draft = draftBlock(state, winningParts(state, key, plan, rules), rules);
  if (draft.kind !== "draft") throw new Error(`an honest block was refused: ${draft.code} ${draft.reason}`);
  return { block: sealBlock(draft, key, rules), state: draft.state };
}

/** `count` honest blocks by `miners` in turn, each recording `records` rounds of the miner before it. */
export function mineChain(
  world: Pick<World, "state" | "rules">,
  count: number,
  options: { readonly miners?: readonly KeyPair[]; readonly records?: number } = {},
): { readonly blocks: Block[]; readonly states: State[] } {
  const { miners = [alice], records = 1 } = options;
  const blocks: Block[] = [];
  const states: State[] = [world.state];
  let last = miners[0] as KeyPair;
  for (let i = 0; i < count; i++) {
    const state = states.at(-1) as State;
    const miner = miners[i % miners.length] as KeyPair;
    // On genesis nobody leads.
    const led = state.height === 0 ? [] : someRecords(state, last, miners, records, world.rules);
    const mined = mineBlock(state, miner, world.rules, { records: led });
    blocks.push(mined.block);
    states.push(mined.state);
    last = miner;
  }
  return { blocks, states };
}

/** A transfer with the account's next nonce on `state`, unless `change` says otherwise. */
export function aTransfer(
  state: State,
  from: KeyPair,
  to: Uint8Array,
  amount: bigint,
  change: Partial<Transfer & Omit<Transaction, "payload">> = {},
): Transaction {
  const { genesis } = state;
  const { signature, kind, ...fields } = change;
  const nonce = state.account(from.address).nonce;
  const unsigned = transferOf({ genesis, from: from.address, to, amount, fee: 1n, nonce, ...fields });
  const signed = Transaction.sign({ ...unsigned, kind: kind ?? unsigned.kind }, from, fields.genesis ?? genesis);
  return signature === undefined ? signed : { ...signed, signature };
}

/** A transaction that puts money at stake or withdraws it, with the account's next nonce on `state` unless told. */
export function aStake(
  state: State,
  from: KeyPair,
  kind: "stake" | "unstake",
  amount: bigint,
  change: Partial<Pick<Transaction, "nonce" | "fee">> = {},
): Transaction {
  const { genesis } = state;
  const order = readPayload(kind, { amount: formatCoins(amount) });
  const nonce = state.account(from.address).nonce;
  return Transaction.sign({ genesis, from: from.address, nonce, fee: 1n, ...order, ...change }, from, genesis);
}

/** The nonce that an account begins with which comes into being in block `height`. */
export const newNonce = (height: number): bigint => BigInt(height) << 20n;

/** The header with fields changed and the miner's signature made anew: the forger holds its own key. */
export function forgeHeader(header: Header, key: KeyPair, rules: Rules, change: Partial<UnsignedHeader>): Header {
  const { signature: _old, ...fields } = header;
  return Header.sign({ ...fields, ...change }, key, rules.genesis);
}

/** The block with header fields changed and signed anew; the body as it was. */
export function forgeBlock(block: Block, key: KeyPair, rules: Rules, change: Partial<UnsignedHeader>): Block {
  return { header: forgeHeader(block.header, key, rules, change), body: block.body };
}

/** The block with another body, and roots and signature to match as far as `apply` gives a state at all. */
export function forgeBody(
  parent: State,
  block: Block,
  key: KeyPair,
  rules: Rules,
  change: Partial<Body>,
  header: Partial<UnsignedHeader> = {},
): Block {
  const body = { ...block.body, ...change };
  const bare = { ...block.header, ...header, bodyRoot: bodyRoot(body) };
  const applied = apply(parent, { header: bare, body }, rules);
  const stateRoot = applied.kind === "state" ? applied.state.root : bare.stateRoot;
  return forgeBlock({ header: bare as Header, body }, key, rules, { stateRoot });
}

/** A second block of the same win: the same unit and nonce, another time. */
export function doubleOf(block: Block, key: KeyPair, rules: Rules): Header {
  return forgeHeader(block.header, key, rules, { time: block.header.time + 1 });
}

/** A record judged after \`previous\`, the record before it on this tip if there is one. */
export function checkRecordOn(
  state: State,
  previous: RoundRecord | undefined,
  record: RoundRecord,
  rules: Rules,
): Verdict {
  const open = openRound(state, record.task);
  if (open === undefined) return reject("unknown-task");
  const before = previous === undefined ? [] : [previous];
  const recorded = new Recorded(state, rules);
  for (const { contributions } of before) for (const contribution of contributions) recorded.take(contribution);
  return checkRecord({ state, open: before.reduce(nextRound, open), before, recorded }, record, rules);
}

/** A contribution judged against a round, by default the one that the tip opened. */
export function checkContributionOn(
  state: State,
  contribution: Contribution,
  rules: Rules,
  open: OpenRound | undefined = openRound(state, contribution.task),
): Verdict {
  return open === undefined ? reject("unknown-task") : checkContribution(state, contribution, rules, open);
}
