// The live screen of `start`: plain lines made from the status and from what happened since.
import type { AlertEvent, NodeEvents, NodeStatus } from "../../node/index.ts";
import type { Colors } from "../io.ts";
import { clip, duration, fixed, formatAmount, percent, short, sparkline } from "./text.ts";

const LOSSES = 400;
/** Units whose mean loss is shown: one unit's last batch jumps. */
const RECENT = 16;
const BLOCKS = 5;
const ALERTS = 3;

/** What the screen remembers between two drawings. */
export interface LiveState {
  readonly losses: number[];
  readonly blocks: NodeEvents["block"][];
  readonly alerts: AlertEvent[];
}

export const newLiveState = (): LiveState => ({ losses: [], blocks: [], alerts: [] });

function keep<T>(list: T[], item: T, limit: number): void {
  list.push(item);
  if (list.length > limit) list.shift();
}

/** Listens to a node for the screen; returns the function that stops. */
export function follow(
  state: LiveState,
  node: { on<K extends keyof NodeEvents>(event: K, listener: (payload: NodeEvents[K]) => void): unknown },
): void {
  node.on("unit", ({ loss }) => keep(state.losses, loss, LOSSES));
  node.on("block", (block) => keep(state.blocks, block, BLOCKS));
  node.on("alert", (alert) => keep(state.alerts, alert, ALERTS));
}

/** Mean of groups of values, so that a long history fits a short line and shows its trend. */
export function squeeze(values: readonly number[], width: number): number[] {
  const group = Math.max(1, Math.ceil(values.length / width));
  const out: number[] = [];
  for (let i = 0; i < values.length; i += group) {
    const part = values.slice(i, i + group);
    out.push(part.reduce((sum, value) => sum + value, 0) / part.length);
  }
  return out;
}

function stateWord(status: NodeStatus, c: Colors): string {
  if (status.state === "error") return c.red("error");
  if (status.state === "syncing" && status.syncProgress !== undefined)
    return c.yellow(`syncing ${percent(status.syncProgress, 0)}`);
  return status.state === "mining" || status.state === "active" ? c.green(status.state) : c.yellow(status.state);
}

function taskLines(status: NodeStatus, state: LiveState, c: Colors): string[] {
  return status.tasks.map((task) => {
    // Logarithms: a loss falls by powers of ten, and its first units would flatten all the rest.
    const falling = state.losses.map((loss) => Math.log(Math.max(loss, 1e-9)));
    const trend = c.cyan(sparkline(squeeze(falling, 24), 24));
    const recent = state.losses.slice(-RECENT);
    const loss = recent.length === 0 ? task.loss : recent.reduce((sum, value) => sum + value, 0) / recent.length;
    const accuracy = task.accuracy === undefined ? "" : `   accuracy ${c.bold(percent(task.accuracy))}`;
    return `${c.bold(task.model)}  round ${task.round}   loss ${fixed(loss, 4)} ${trend}${accuracy}`;
  });
}

function troubles(status: NodeStatus, state: LiveState, c: Colors): string[] {
  const refused = status.rolesRefused.map(({ role, reason }) => c.yellow(`role ${role} not running: ${reason}`));
  const absent = status.capabilities.filter((it) => it.state === "absent").map((it) => it.name);
  const alerts = state.alerts.map((alert) => c.red(`alert: ${alert.sentence}`));
  return [
    ...refused,
    ...(absent.length === 0 ? [] : [c.dim(`absent: ${absent.join(", ")} (pouw-node doctor says what to do)`)]),
    ...(status.threatLevel === "LOW" ? [] : [c.red(`threat level ${status.threatLevel}`)]),
    ...alerts,
  ];
}

function blockLines(state: LiveState, now: number, c: Colors): string[] {
  return state.blocks.map((block) => {
    const age = duration(Math.max(0, now - block.time) / 1000);
    const line = `#${block.height}  ${short(block.hash)}  by ${block.own ? "this node" : short(block.miner)}  ${age} ago`;
    return block.own ? c.green(line) : c.dim(line);
  });
}

/** The whole screen, one string per line, none wider than `columns`. `now` in ms. */
export function renderLive(
  status: NodeStatus,
  state: LiveState,
  view: {
    readonly colors: Colors;
    readonly columns: number;
    readonly now: number;
    readonly apiUrl: string | undefined;
  },
): string[] {
  const { colors: c, now } = view;
  const { stats } = status;
  const roles = status.roles.join(", ");
  const tipAge = duration(Math.max(0, now - status.tip.time) / 1000);
  const immature = status.immature === "0" ? "" : ` (+${formatAmount(status.immature)} maturing)`;
  const lines = [
    `${c.bold(`pouw-node ${status.version}`)}  ${status.network}  ${stateWord(status, c)}  ${roles}  up ${duration(status.uptimeSeconds)}`,
    c.dim(`account ${short(status.nodeId, 16)}  ${status.addresses[0] ?? "not listening"}`),
    `height ${c.bold(String(status.height))}  tip ${short(status.tip.hash)} ${status.height === 0 ? "" : `${tipAge} ago`}  peers ${c.bold(String(status.peers))}  balance ${c.bold(formatAmount(status.balance))}${immature}`,
    "",
    ...taskLines(status, state, c),
    `${fixed(stats.unitsPerSecond, 2)} units/s on ${status.provider ?? "nothing"}  training ${percent(stats.trainingShare)}  draws ${stats.draws}`,
    `blocks won ${c.bold(String(stats.blocksMined))}  recorded ${stats.contributionsRecorded}  verified ${stats.blocksVerified}  rewards ${c.bold(formatAmount(stats.rewardsEarned))}`,
    "",
    ...blockLines(state, now, c),
    ...troubles(status, state, c),
    c.dim(`${view.apiUrl === undefined ? "no API" : `API ${view.apiUrl}`}  Ctrl-C stops`),
  ];
  return lines.map((line) => clip(line, view.columns));
}
