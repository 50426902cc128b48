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
import type { Colors } from "../io.ts";
import { seasonWords } from "./seasons.ts";
import { duration, fixed, heightWords, lossWord, percent, plural, short, shortAddress, table } from "./text.ts";

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

export function statusLines(status: NodeStatus, c: Colors): string[] {
  const { stats } = status;
  const clock = clockTrouble(status.clockOffsetMs);
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
    ...(status.syncProgress === undefined ? [] : [["sync", percent(status.syncProgress, 0)] as [string, string]]),
    ...(status.waitsFor === undefined ? [] : [["waits", c.yellow(status.waitsFor)] as [string, string]]),
    ...(clock === undefined ? [] : [["clock", c.yellow(clock)] as [string, string]]),
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
  return table(rows.map(([name, value]) => [c.dim(name), value]));
}

export function peerLines(peers: readonly PeerView[], c: Colors): string[] {
  if (peers.length === 0) return ["No peers."];
  const head = ["PEER", "ADDRESS", "WAY", "AGENT", "SCORE", "LATENCY", "SINCE"].map((name) => c.dim(name));
  const rows = peers.map((peer) => [
    peer.id,
    peer.address,
    peer.direction === "inbound" ? "in" : "out",
    peer.agent ?? "-",
    fixed(peer.score, 1),
    peer.latencyMs === undefined ? "-" : `${Math.round(peer.latencyMs)} ms`,
    duration(peer.connectedMs / 1000),
  ]);
  return table([head, ...rows], [4, 5, 6]);
}

const when = (time: number): string => new Date(time).toISOString().slice(0, 19).replace("T", " ");

export function blockTable(blocks: readonly BlockView[], c: Colors): string[] {
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
  return table([head.map((name) => c.dim(name)), ...rows], [0, 4, 5, 6, 7]);
}

/** Characters of a payload's field that are shown; `--json` has all. */
const FIELD = 128;

/** A value of a payload, whatever its kind, where there is little room: numbers stay whole. */
function brief(value: string): string {
  if (/^[\d.]+$/.test(value)) return value;
  return /^[a-z0-9-]+1[a-z0-9]{58}$/.test(value) ? shortAddress(value) : short(value);
}

export function transactionLines(transaction: TransactionView, c: Colors): string[] {
  const { id, kind, from, payload, fee, nonce, height, block } = transaction;
  const rows: [string, string][] = [
    ["id", id],
    ["kind", kind],
    ["from", from],
    ...Object.entries(payload).map(([name, value]): [string, string] => [name, short(value, FIELD)]),
    ["fee", `${fee}, nonce ${nonce}`],
    ["block", height === undefined ? "waiting" : `${height} ${block ?? ""}`],
  ];
  return table(rows.map(([name, value]) => [c.dim(name), value]));
}

/** One line of a block's transaction: whose, what, and its id. */
function transactionLine(transaction: TransactionView): string {
  const { id, from, fee, payload } = transaction;
  const fields = Object.entries(payload).map(([name, value]) => `${name} ${brief(value)}`);
  return `${[`from ${shortAddress(from)}`, ...fields].join(", ")} (fee ${fee})  ${id}`;
}

export function blockLines(block: BlockDetail, c: Colors): string[] {
  const rows: [string, string][] = [
    ["height", String(block.height)],
    ["hash", block.hash],
    ["parent", block.parent],
    ["time", `${when(block.time)} UTC`],
    ["miner", block.miner],
    ["task", `${block.task}, round ${block.round}, unit ${block.index}`],
    ["parameters", `${block.start} -> ${block.digest}`],
    ["draw", `nonce ${block.nonce}, target ${block.target}`],
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
  return table(rows.map(([name, value]) => [c.dim(name), value]));
}

/** One line per capability and, indented, what to do about an absent one. */
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

export function capabilityLines(capabilities: readonly CapabilityReport[], c: Colors): string[] {
  const rows = capabilities.map((it) => [
    it.name,
    { ready: c.green, off: c.dim, absent: c.yellow }[it.state](it.state),
    it.reason ?? "",
  ]);
  const lines = table(rows);
  return lines.flatMap((line, i) => {
    const remedy = capabilities[i]?.remedy;
    return remedy === undefined ? [line] : [line, c.dim(`    ${remedy}`)];
  });
}

export function providerLines(providers: readonly ProviderReport[], c: Colors): string[] {
  const head = ["PROVIDER", "STATE", "UNIT", "WHY"].map((name) => c.dim(name));
  const rows = providers.map((it) => [
    it.provider,
    it.state === "chosen" ? c.green(it.state) : it.state,
    it.unitMs === undefined ? "-" : `${fixed(it.unitMs, 0)} ms`,
    it.reason,
  ]);
  const [top, ...lines] = table([head, ...rows], [2]);
  return [
    top as string,
    ...lines.flatMap((line, i) => {
      const remedy = providers[i]?.remedy;
      return remedy === undefined ? [line] : [line, c.dim(`    ${remedy}`)];
    }),
  ];
}
