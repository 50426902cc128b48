// A node for the tests of the doors: every field of every shape filled, events on call, refusals on demand.
import { ACCEPT, Emitter, formatAddress, parseAddress, reject, toHex, type Verdict } from "../../src/base/index.ts";
import { Transaction } from "../../src/codec/transaction.ts";
import type {
  AccountView,
  BlockDetail,
  BlockView,
  NodeEvents,
  NodeStatus,
  NodeView,
  TaskStatus,
  TransactionView,
} from "../../src/node/index.ts";
import type { PeerInfo } from "../../src/ports/index.ts";

export const hexOf = (byte: number): string => byte.toString(16).padStart(2, "0").repeat(32);
export const addressOf = (byte: number): string => formatAddress(new Uint8Array(32).fill(byte), "devnet");

/** A second task, which the node does not follow. */
export const aTask = (changes: Partial<TaskStatus> = {}): TaskStatus => ({
  id: hexOf(5),
  name: "chars-transformer",
  followed: false,
  model: "chars-transformer",
  round: 3,
  loss: undefined,
  accuracy: undefined,
  accuracyHeight: undefined,
  parametersDigest: hexOf(160),
  season: { number: 0, setting: { learningRate: "0.002", beta1: "0.9" }, blocks: 9, length: 64 },
  seasons: [],
  best: undefined,
  ...changes,
});

const aSeasonScore = (season: number, accuracy: number): TaskStatus["seasons"][number] => ({
  season,
  setting: { learningRate: "0.01", momentum: "0.9" },
  accuracy,
  height: 64 * (season + 1),
  digest: hexOf(170 + season),
});

const summary = (height: number) => ({
  height,
  hash: hexOf(height),
  miner: addressOf(200),
  time: 1_700_000_000_000 + height * 4000,
  stateRoot: hexOf(100 + height),
  parametersDigest: hexOf(150 + height),
  tasks: [{ task: hexOf(3), round: 2 * height, parametersDigest: hexOf(150 + height) }],
  checked: "executed" as const,
});

export function aStatus(changes: Partial<NodeStatus> = {}): NodeStatus {
  return {
    nodeId: addressOf(200),
    peerId: "12D3KooWFake",
    network: "devnet",
    genesis: hexOf(1),
    roles: ["miner", "verifier"],
    rolesRefused: [{ role: "evaluator", reason: "this version has no evaluator" }],
    state: "mining",
    version: "0.1.0",
    uptimeSeconds: 61.5,
    height: 9,
    tip: summary(9),
    settled: summary(7),
    targetHeight: 9,
    keptFrom: 1,
    finalizedHeight: 0,
    peers: 2,
    health: [{ check: "store", ok: true, since: 1_700_000_000_000 }],
    addresses: ["/ip4/127.0.0.1/tcp/9444/p2p/12D3KooWFake"],
    balance: "150.25",
    stake: "7",
    unbonding: "3",
    immature: "40",
    accountFee: "0.01",
    tasks: [
      {
        id: hexOf(3),
        name: "digits-mlp",
        followed: true,
        model: "digits-mlp",
        round: 12,
        loss: 0.25,
        accuracy: 0.951,
        accuracyHeight: 8,
        parametersDigest: hexOf(159),
        season: { number: 3, setting: { learningRate: "0.02", momentum: "0.9" }, blocks: 41, length: 64 },
        seasons: [aSeasonScore(1, 0.962), aSeasonScore(2, 0.974)],
        best: aSeasonScore(2, 0.974),
      },
    ],
    provider: "cpu",
    capabilities: [
      { name: "runtime", state: "ready", reason: "cpu, 2 workers", remedy: undefined },
      { name: "cuda", state: "absent", reason: "no CUDA libraries", remedy: "install CUDA 12" },
    ],
    threatLevel: "LOW",
    syncProgress: 0.5,
    eventLoopDelayP99Ms: 12.5,
    residentBytes: 200_000_000,
    stats: {
      blocksMined: 3,
      tasksCompleted: 0,
      rewardsEarned: "190",
      securityAlerts: 0,
      networkMessages: 44,
      units: 30,
      unitsPerSecond: 2.5,
      trainingShare: 0.97,
      draws: 60_000,
      contributionsRecorded: 28,
      blocksVerified: 6,
      reorganisations: 1,
    },
    ...changes,
  };
}

export const aPeer = (changes: Partial<PeerInfo> = {}): PeerInfo => ({
  id: "12D3KooWOther",
  group: "127.0.0.0/24",
  address: "/ip4/127.0.0.1/tcp/9555",
  direction: "outbound",
  agent: "pouw-node/0.1.0",
  score: 1.5,
  connectedMs: 5000,
  latencyMs: 3,
  ...changes,
});

export const aBlock = (height: number): BlockView => ({
  height,
  hash: hexOf(height),
  parent: hexOf(Math.max(0, height - 1)),
  time: 1_700_000_000_000 + height * 4000,
  miner: addressOf(200),
  task: hexOf(3),
  round: height * 2,
  mlNode: 0,
  index: 0,
  start: hexOf(149 + height),
  digest: hexOf(150 + height),
  nonce: "18446744073709551615",
  target: hexOf(255),
  stateRoot: hexOf(100 + height),
  transactions: 1,
  records: 1,
  contributions: 1,
  checked: "executed",
});

export const aTransaction = (changes: Partial<TransactionView> = {}): TransactionView => ({
  id: hexOf(77),
  kind: "transfer",
  from: addressOf(200),
  nonce: "0",
  fee: "0.001",
  payload: { to: addressOf(201), amount: "10" },
  height: 4,
  block: hexOf(4),
  ...changes,
});

const aDetail = (height: number): BlockDetail => ({
  ...aBlock(height),
  transactionList: [aTransaction()],
  recordList: [
    {
      id: hexOf(60),
      task: hexOf(70),
      round: 8,
      leader: addressOf(200),
      closing: true,
      next: hexOf(61),
      contributions: [{ id: hexOf(62), author: addressOf(200), digest: hexOf(61) }],
    },
  ],
  commits: 0,
  attestations: 0,
  evidence: 0,
});

export interface FakeView extends NodeView {
  readonly events: Emitter<NodeEvents>;
  readonly submitted: Uint8Array[];
  /** By address. */
  readonly accounts: Map<string, AccountView>;
  status: NodeStatus;
  verdict: Verdict;
}

/** Of an address that no block has touched. */
export const anAccount = (byte: number): AccountView => ({
  address: addressOf(byte),
  balance: "0",
  stake: "0",
  unbonding: "0",
  immature: "0",
  pendingOut: "0",
  pendingIn: "0",
  nonce: "0",
});

/** Heights 0 to 9, one known transaction (77..), one known account (200..). */
export function fakeView(): FakeView {
  const events = new Emitter<NodeEvents>();
  const accounts = new Map<string, AccountView>([
    [
      addressOf(200),
      { ...anAccount(200), balance: "150.25", stake: "7", unbonding: "3", immature: "40", nonce: "2", bannedUntil: 12 },
    ],
  ]);
  const view: FakeView = {
    events,
    submitted: [],
    accounts,
    status: aStatus(),
    verdict: ACCEPT,
    getStatus: () => view.status,
    peers: () => [aPeer(), aPeer({ id: "12D3KooWThird", agent: undefined, latencyMs: undefined })],
    blocks: async (from, count) =>
      Array.from({ length: Math.max(0, Math.min(count, 10 - from)) }, (_, i) => aBlock(from + i)),
    async block(id) {
      const height = typeof id === "number" ? id : Number.parseInt(id.slice(0, 2), 16);
      return height <= 9 && (typeof id === "number" || id === hexOf(height)) ? aDetail(height) : undefined;
    },
    transaction: async (id) => (id === hexOf(77) ? aTransaction() : undefined),
    account(text) {
      const address = formatAddress(parseAddress(text, view.status.network), view.status.network);
      return accounts.get(address) ?? { ...anAccount(0), address };
    },
    async submitTransaction(bytes) {
      const { id } = Transaction.read(bytes);
      view.submitted.push(bytes);
      return { id: toHex(id), verdict: view.verdict };
    },
    metricsText: async () => "pouw_chain_height_blocks 9\n",
    on: (event, listener) => events.on(event, listener),
  };
  return view;
}

export const refusedTransaction = reject("nonce-used", "0, the account is at 2");
