// The live screen of `start`: plain lines made from the status and from what happened since.
import type { AlertEvent, NodeEvents, NodeStatus, TaskStatus } from "../../node/index.ts";
import type { Colors, View } from "../io.ts";
import { seasonWords } from "./seasons.ts";
import { unwellOf } from "./status.ts";
import {
  duration,
  fixed,
  flow,
  heightWords,
  lossWord,
  middleOut,
  percent,
  short,
  shortAddress,
  sparkline,
  table,
  widthOf,
} from "./text.ts";

/** Losses kept of each task. */
const LOSSES = 400;
const TREND = 24;
/** Units whose mean loss is shown: one unit's last batch jumps. */
const RECENT = 16;
const BLOCKS = 5;
const ALERTS = 3;

/** What the screen remembers between two drawings. */
export interface LiveState {
  /** Name of a task -> losses of its own units, the newest last. */
  readonly losses: Map<string, number[]>;
  readonly blocks: NodeEvents["block"][];
  readonly alerts: AlertEvent[];
}

export const newLiveState = (): LiveState => ({ losses: new Map(), blocks: [], alerts: [] });

function keep<T>(list: T[], item: T, limit: number): void {
  list.push(item);
  if (list.length > limit) list.shift();
}

/** Listens to a node for the screen; returns the function that stops. */
export function follow(
  state: LiveState,
  node: { on<K extends keyof NodeEvents>(event: K, listener: (payload: NodeEvents[K]) => void): unknown },
): void {
  node.on("unit", ({ task, loss }) => {
    const losses = state.losses.get(task) ?? [];
    state.losses.set(task, losses);
    keep(losses, loss, LOSSES);
  });
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

/** The mean of the last own units, as one unit's last batch jumps; and, behind it, how it went. */
function lossWords(task: TaskStatus, losses: readonly number[], c: Colors): string {
  const recent = losses.slice(-RECENT);
  const loss = recent.length === 0 ? task.loss : recent.reduce((sum, value) => sum + value, 0) / recent.length;
  // Logarithms: a loss falls by powers of ten, and its first units would flatten all the rest.
  const falling = losses.map((value) => Math.log(Math.max(value, 1e-9)));
  const trend = c.cyan(sparkline(squeeze(falling, TREND), TREND));
  return `loss ${lossWord(loss)}${losses.length === 0 ? "" : ` ${trend}`}`;
}

function taskParts(task: TaskStatus, losses: readonly number[], c: Colors): string[] {
  return [
    c.bold(task.name) + (task.model === task.name ? "" : ` (${task.model})`),
    `round ${task.round}`,
    task.followed ? lossWords(task, losses, c) : c.dim("not followed"),
    task.accuracy === undefined ? "" : `accuracy ${c.bold(percent(task.accuracy))}`,
    `parameters ${short(task.parametersDigest, 8)}`,
  ];
}

/** A line for each task, in columns where all of them fit, else each goes on in a second line; and one of its season. */
function taskLines({ tasks }: NodeStatus, state: LiveState, columns: number, c: Colors): string[] {
  const rows = tasks.map((task) => taskParts(task, state.losses.get(task.name) ?? [], c));
  const parts = rows.map((row) => row.filter((_, i) => rows.some((other) => other[i] !== "")));
  const lines = table(parts);
  const fit = lines.every((line) => widthOf(line) <= columns);
  return tasks.flatMap((task, i) => [
    ...(fit ? [lines[i] as string] : flow(parts[i] as string[], columns)),
    ...flow(
      seasonWords(task).map((words, at, all) => c.dim(at < all.length - 1 ? `${words};` : words)),
      columns,
    ),
  ]);
}

function troubles(status: NodeStatus, state: LiveState, c: Colors): string[] {
  const refused = status.rolesRefused.map(({ role, reason }) => c.yellow(`role ${role} not running: ${reason}`));
  const absent = status.capabilities.filter((it) => it.state === "absent");
  const alerts = state.alerts.map((alert) => c.red(`alert: ${alert.sentence}`));
  return [
    ...refused,
    ...unwellOf(status).map((sentence) => c.yellow(sentence)),
    ...absent.map(({ name, reason }) => c.yellow(`${name} is absent: ${reason ?? "no reason given"}`)),
    ...(status.threatLevel === "LOW" ? [] : [c.red(`threat level ${status.threatLevel}`)]),
    ...alerts,
  ];
}

function blockLines(state: LiveState, now: number, c: Colors): string[] {
  return state.blocks.map((block) => {
    const age = duration(Math.max(0, now - block.time) / 1000);
    const line = `#${block.height}  ${short(block.hash)}  by ${block.own ? "this node" : shortAddress(block.miner)}  ${age} ago`;
    return block.own ? c.green(line) : c.dim(line);
  });
}

/** The one that another machine can dial, where there is one. */
export function addressToCopy(addresses: readonly string[]): string {
  const outside = addresses.find((address) => !/^\/ip4\/127\.|^\/ip6\/::1\//.test(address));
  return outside ?? addresses[0] ?? "not listening";
}

/** What is to be copied, each on a line of its own that the terminal itself wraps: for above the screen. */
export function linesToCopy({ addresses, nodeId }: Pick<NodeStatus, "addresses" | "nodeId">): string[] {
  const account = `Account: ${nodeId}`;
  return addresses.length === 0 ? [account] : [`Others join with: --bootstrap ${addressToCopy(addresses)}`, account];
}

/** Who and where the node is: what others dial first, and the account that they pay; whole where the line holds them. */
function ownLines(status: NodeStatus, now: number, columns: number, c: Colors): string[] {
  const tipAge = status.height === 0 ? "" : ` ${duration(Math.max(0, now - status.tip.time) / 1000)} ago`;
  const immature = status.immature === "0" ? "" : ` (+${status.immature} maturing)`;
  const name = c.bold(`pouw-node ${status.version}`);
  const up = `up ${duration(status.uptimeSeconds)}`;
  return [
    [name, status.network, stateWord(status, c), status.roles.join(", "), up],
    [c.bold(middleOut(addressToCopy(status.addresses), columns))],
    [middleOut(`account ${status.nodeId}`, columns)],
    [
      `height ${c.bold(heightWords(status))}`,
      `tip ${short(status.tip.hash)}${tipAge}`,
      `peers ${c.bold(String(status.peers))}`,
      `balance ${c.bold(status.balance)}${immature}`,
    ],
  ].flatMap((parts) => flow(parts, columns));
}

function workLines({ provider, stats }: NodeStatus, columns: number, c: Colors): string[] {
  return [
    [
      `${fixed(stats.unitsPerSecond, 2)} units/s on ${provider ?? "nothing"}`,
      `training ${percent(stats.trainingShare)}`,
      `draws ${stats.draws}`,
    ],
    [
      `blocks won ${c.bold(String(stats.blocksMined))}`,
      `recorded ${stats.contributionsRecorded}`,
      `verified ${stats.blocksVerified}`,
      `rewards ${c.bold(stats.rewardsEarned)}`,
    ],
  ].flatMap((parts) => flow(parts, columns));
}

/** The whole screen, one string per line, none wider than `columns`. Where there are few rows, the older blocks give way. `now` in ms. */
export function renderLive(
  status: NodeStatus,
  state: LiveState,
  view: View & { readonly rows: number; readonly now: number; readonly apiUrl: string | undefined },
): string[] {
  const { colors: c, columns, rows, now, apiUrl } = view;
  const end = [c.dim(apiUrl === undefined ? "no API" : `API ${apiUrl}`), c.dim("Ctrl-C stops")];
  const top = [
    ...ownLines(status, now, columns, c),
    "",
    ...taskLines(status, state, columns, c),
    ...workLines(status, columns, c),
    "",
  ];
  const blocks = blockLines(state, now, c).flatMap((line) => flow([line], columns));
  const below = [...troubles(status, state, c).flatMap((line) => flow([line], columns)), ...flow(end, columns)];
  // The cursor's row is below the last line.
  const room = Math.max(0, rows - 1 - top.length - below.length);
  return [...top, ...blocks.slice(Math.max(0, blocks.length - room)), ...below];
}
