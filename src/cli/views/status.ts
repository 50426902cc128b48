// Views of `status`, `peers`, `chain` and `doctor` for people.
import { clockTrouble } from "../../engine/index.ts";
import type {
  BlockDetail,
  BlockView,
  CapabilityReport,
  NodeStatus,
  PeerView,
  TaskStatus,
  TransactionView,
} from "../../node/index.ts";
import type { ProviderReport } from "../../ports/index.ts";
import type { Colors, View } from "../io.ts";
import { seasonWords } from "./seasons.ts";
import {
  duration,
  fixed,
  flow,
  foldTable,
  heightWords,
  lossWord,
  percent,
  plural,
  short,
  shortAddress,
  table,
  textTable,
  widthOf,
} from "./text.ts";

/** Rows of a name and what stands under it. */
export const fieldLines = (rows: readonly (readonly [string, string])[], { colors: c, columns }: View): string[] =>
  textTable(
    rows.map(([name, value]) => [c.dim(name), value]),
    columns,
  );

/** What is not well, and why the chain stands still where it does, each with the next step. */
export const unwellOf = ({ health, waitsFor }: Pick<NodeStatus, "health" | "waitsFor">): string[] => [
  ...health.flatMap(({ ok, check, sentence }) => (ok ? [] : [sentence ?? `${check} is not well`])),
  ...(waitsFor === undefined ? [] : [waitsFor]),
];

/** A few short lines for each task, so that a narrow terminal does not break them. */
function taskRows(task: TaskStatus): [string, string][] {
  const name = task.model === task.name ? task.name : `${task.name} (${task.model})`;
  const word = task.followed ? "followed" : "not followed";
  return [
    ["task", `${name} round ${task.round}, parameters ${short(task.parametersDigest)}`],
    ["", `${word}, loss ${lossWord(task.loss)}, accuracy ${percent(task.accuracy)}`],
    ...seasonWords(task).map((words): [string, string] => ["", words]),
  ];
}

export function statusLines(status: NodeStatus, view: View): string[] {
  const { stats } = status;
  const { colors: c } = view;
  const unwell = unwellOf(status).map((sentence) => c.yellow(sentence));
  const rows: [string, string][] = [
    ["state", `${c.bold(status.state)}, up ${duration(status.uptimeSeconds)}, version ${status.version}`],
    ["network", `${status.network} (genesis ${short(status.genesis)})`],
    ["roles", status.roles.join(", ")],
    ...status.rolesRefused.map(({ role, reason }): [string, string] => [
      "",
      c.yellow(`${role} not running: ${reason}`),
    ]),
    ["account", status.nodeId],
    ["peer id", status.peerId],
    ...status.addresses.map((address, i): [string, string] => [i === 0 ? "listening" : "", address]),
    ["peers", String(status.peers)],
    ["height", `${heightWords(status)}, tip ${short(status.tip.hash)}, two below ${short(status.settled.hash)}`],
    ...(status.keptFrom <= 1
      ? []
      : [["keeps", `the training of blocks from ${status.keptFrom} on`] as [string, string]]),
    ...(status.syncProgress === undefined ? [] : [["sync", percent(status.syncProgress, 0)] as [string, string]]),
    ...unwell.map((sentence, i): [string, string] => [i === 0 ? "trouble" : "", sentence]),
    ["balance", `${status.balance}, maturing ${status.immature}`],
    ["at stake", `${status.stake}, unbonding ${status.unbonding}`],
    ...status.tasks.flatMap(taskRows),
    [
      "work",
      `${fixed(stats.unitsPerSecond, 2)} units/s on ${status.provider ?? "nothing"}, training ${percent(stats.trainingShare)}`,
    ],
    ["won", `${stats.blocksMined} blocks, ${stats.draws} draws, rewards ${stats.rewardsEarned}`],
    ["checked", `${stats.blocksVerified} blocks, ${stats.reorganisations} reorganisations`],
    ["threat", `${status.threatLevel}, ${stats.securityAlerts} alerts`],
    [
      "memory",
      `${Math.round(status.residentBytes / 1e6)} MB, event loop p99 ${fixed(status.eventLoopDelayP99Ms, 1)} ms`,
    ],
  ];
  return fieldLines(rows, view);
}

/** A table where it fits, else two lines of each peer or more: its id alone is nearly as wide as a narrow terminal. */
export function peerLines(peers: readonly PeerView[], { colors: c, columns }: View): string[] {
  if (peers.length === 0) return ["No peers."];
  const head = ["PEER", "ADDRESS", "WAY", "AGENT", "SCORE", "LATENCY", "SINCE"].map((name) => c.dim(name));
  const rows = peers.map((peer) => [
    peer.id,
    // Its id is beside it.
    peer.address.replace(`/p2p/${peer.id}`, ""),
    peer.direction === "inbound" ? "in" : "out",
    peer.agent ?? "-",
    fixed(peer.score, 1),
    peer.latencyMs === undefined ? "-" : `${Math.round(peer.latencyMs)} ms`,
    duration(peer.connectedMs / 1000),
  ]);
  const lines = table([head, ...rows], [4, 5, 6]);
  if (lines.every((line) => widthOf(line) <= columns)) return lines;
  return rows.flatMap(([id = "", address = "", way = "", agent = "", score = "", latency = "", since = ""]) => [
    id,
    ...flow(["", address, way, agent, `score ${score}`, `latency ${latency}`, `since ${since}`], columns - 2).map(
      (line) => `  ${line}`,
    ),
  ]);
}

const when = (time: number): string => new Date(time).toISOString().slice(0, 19).replace("T", " ");

export function blockTable(blocks: readonly BlockView[], { colors: c, columns }: View): string[] {
  if (blocks.length === 0) return ["No blocks."];
  const head = ["HEIGHT", "HASH", "TIME (UTC)", "MINER", "ROUND", "RECORDS", "UNITS", "TRANSACTIONS", "CHECKED"];
  const rows = blocks.map((block) => [
    String(block.height),
    short(block.hash, 16),
    when(block.time),
    shortAddress(block.miner),
    ...[block.round, block.records, block.contributions, block.transactions].map(String),
    block.checked,
  ]);
  return foldTable([head.map((name) => c.dim(name)), ...rows], columns, [0, 4, 5, 6, 7]);
}

/** Characters of a payload's field that are shown; `--json` has all. */
const FIELD = 128;

/** A value of a payload, whatever its kind, where there is little room: numbers stay whole. */
function brief(value: string): string {
  if (/^[\d.]+$/.test(value)) return value;
  return /^[a-z0-9-]+1[a-z0-9]{58}$/.test(value) ? shortAddress(value) : short(value);
}

export function transactionLines(transaction: TransactionView, view: View): string[] {
  const { id, kind, from, payload, fee, nonce, height, block, dropped } = transaction;
  const waits = dropped === undefined ? "waiting" : view.colors.yellow(`none, it was dropped: ${dropped}`);
  const rows: [string, string][] = [
    ["id", id],
    ["kind", kind],
    ["from", from],
    ...Object.entries(payload).map(([name, value]): [string, string] => [name, short(value, FIELD)]),
    ["fee", `${fee}, nonce ${nonce}`],
    ["block", height === undefined ? waits : `${height} ${block ?? ""}`],
  ];
  return fieldLines(rows, view);
}

/** One line of a block's transaction: whose, what, and its id. */
function transactionLine(transaction: TransactionView): string {
  const { id, from, fee, payload } = transaction;
  const fields = Object.entries(payload).map(([name, value]) => `${name} ${brief(value)}`);
  return `${[`from ${shortAddress(from)}`, ...fields].join(", ")} (fee ${fee})  ${id}`;
}

export function blockLines(block: BlockDetail, view: View): string[] {
  const rows: [string, string][] = [
    ["height", String(block.height)],
    ["hash", block.hash],
    ["parent", block.parent],
    ["time", `${when(block.time)} UTC`],
    ["miner", block.miner],
    ["task", block.task],
    ["round", `${block.round}, unit ${block.index}`],
    ["parameters", block.start],
    ["become", block.digest],
    ["nonce", block.nonce],
    ["target", block.target],
    ["state root", block.stateRoot],
    ["checked", block.checked],
    ["attestations", `${block.attestations} opened, ${block.commits} sealed`],
    ["evidence", String(block.evidence)],
    ...block.recordList.map((record): [string, string] => [
      record.closing ? "closing" : "record",
      `round ${record.round}, leader ${shortAddress(record.leader)}, ${plural(record.contributions.length, "unit")}, next ${short(record.next)}`,
    ]),
    ...block.transactionList.map((it): [string, string] => [it.kind, transactionLine(it)]),
  ];
  return fieldLines(rows, view);
}

/** The clock as a running node compares it with its peers': a doctor has none to ask. */
export function clockReport(offsetMs: number | undefined): CapabilityReport {
  const name = "clock";
  const reason = clockTrouble(offsetMs);
  if (reason !== undefined)
    return { name, state: "absent", reason, remedy: "Set it, or have the machine keep it by NTP." };
  if (offsetMs === undefined)
    return { name, state: "ready", reason: "compared with the peers' while a node runs here" };
  const how = offsetMs < 0 ? "behind" : "ahead of";
  return { name, state: "ready", reason: `${Math.abs(offsetMs)} ms ${how} the peers' of the node that runs here` };
}

/** Why it is as it is and, below that, what to do about it. */
const whyOf = (reason: string, remedy: string | undefined, c: Colors): string =>
  remedy === undefined ? reason : `${reason}\n${c.dim(remedy)}`;

export function capabilityLines(capabilities: readonly CapabilityReport[], { colors: c, columns }: View): string[] {
  const rows = capabilities.map(({ name, state, reason, remedy }) => [
    name,
    { ready: c.green, off: c.dim, absent: c.yellow }[state](state),
    whyOf(reason ?? "", remedy, c),
  ]);
  return textTable(rows, columns);
}

export function providerLines(providers: readonly ProviderReport[], { colors: c, columns }: View): string[] {
  const head = ["PROVIDER", "STATE", "STEP", "WHY"].map((name) => c.dim(name));
  const rows = providers.map(({ provider, state, stepMs, reason, remedy }) => [
    provider,
    state === "chosen" ? c.green(state) : state,
    stepMs === undefined ? "-" : `${fixed(stepMs, stepMs < 10 ? 1 : 0)} ms`,
    whyOf(reason, remedy, c),
  ]);
  return textTable([head, ...rows], columns, [2]);
}
