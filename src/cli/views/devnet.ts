// The screen of `devnet`: a row per node, and whether they agree.
import type { BlockSummary, NodeStatus, TaskStatus } from "../../node/index.ts";
import type { Colors, View } from "../io.ts";
import { duration, fixed, flow, foldTable, percent, plural, short } from "./text.ts";

export interface DevnetRow {
  readonly name: string;
  readonly role: string;
  /** Name of the one task that it trains; undefined where nothing was said. */
  readonly trains: string | undefined;
  /** Undefined while it starts or does not answer. */
  readonly status: NodeStatus | undefined;
  /** Why it ended, when it did. */
  readonly ended: string | undefined;
}

/** digest(P) of a task, its id in hex, after the settled block. */
const digestIn = ({ settled }: NodeStatus, id: string): string | undefined =>
  settled.tasks.find(({ task }) => task === id)?.parametersDigest;

/** Names of the tasks on whose parameters two nodes differ. */
function tasksApart(a: NodeStatus, b: NodeStatus): string[] {
  const ids = new Set([...a.settled.tasks, ...b.settled.tasks].map(({ task }) => task));
  return [...ids]
    .filter((id) => digestIn(a, id) !== digestIn(b, id))
    .map((id) => [...a.tasks, ...b.tasks].find((task) => task.id === id)?.name ?? short(id));
}

const printOf = ({ hash, stateRoot, parametersDigest }: BlockSummary): string =>
  `${hash} ${stateRoot} ${parametersDigest}`;

/** Nodes on the same settled height must name the same block, state and parameters there, those of every task. */
export function disagreements(rows: readonly DevnetRow[]): string[] {
  const seen = new Map<number, { readonly name: string; readonly status: NodeStatus }>();
  const found: string[] = [];
  for (const { name, status } of rows) {
    if (status === undefined) continue;
    const { height } = status.settled;
    const other = seen.get(height);
    if (other === undefined) {
      seen.set(height, { name, status });
      continue;
    }
    const tasks = tasksApart(other.status, status);
    if (tasks.length === 0 && printOf(other.status.settled) === printOf(status.settled)) continue;
    const what = tasks.length === 0 ? "" : ` in the parameters of ${tasks.join(", ")}`;
    found.push(`${other.name} and ${name} differ at height ${height}${what}`);
  }
  return found;
}

/** One line on the whole: how many agree, and where. */
export function agreementLine(rows: readonly DevnetRow[], c: Colors): string {
  const settled = rows.flatMap((row) => (row.status === undefined ? [] : [row.status.settled.height]));
  const bad = disagreements(rows);
  if (settled.length === 0) return c.dim("no node answers yet");
  if (bad.length > 0) return c.red(bad.join("; "));
  const [low, high] = [Math.min(...settled), Math.max(...settled)];
  return c.green(
    `${plural(settled.length, "node")} ${settled.length === 1 ? "agrees" : "agree"}, settled at ${low === high ? low : `${low} to ${high}`}`,
  );
}

interface Column {
  readonly head: string;
  /** Aligned to the right. */
  readonly right?: true;
  readonly cell: (status: NodeStatus, row: DevnetRow) => string;
}

const parametersOf = (status: NodeStatus, id: string): string => short(digestIn(status, id) ?? "-", 8);
const accuracyOf = ({ tasks }: NodeStatus, id: string): string => percent(tasks.find((it) => it.id === id)?.accuracy);

/** Of one task two columns; of several one each under the task's name, and what every miner trains. */
function taskColumns(tasks: readonly TaskStatus[]): Column[] {
  const [only, ...more] = tasks;
  if (only !== undefined && more.length > 0)
    return [
      { head: "TRAINS", cell: (_, { trains }) => trains ?? "-" },
      ...tasks.map(({ id, name }) => ({
        head: name.toUpperCase(),
        cell: (status: NodeStatus) => `${parametersOf(status, id)} ${accuracyOf(status, id)}`,
      })),
    ];
  const id = only?.id ?? "";
  return [
    { head: "PARAMETERS", cell: (status) => parametersOf(status, id) },
    { head: "ACCURACY", right: true, cell: (status) => accuracyOf(status, id) },
  ];
}

const FIRST: readonly Column[] = [
  { head: "HEIGHT", right: true, cell: ({ height }) => String(height) },
  { head: "SETTLED", cell: ({ settled }) => `${settled.height} ${short(settled.hash, 8)}` },
  { head: "STATE ROOT", cell: ({ settled }) => short(settled.stateRoot, 8) },
];
const LAST: readonly Column[] = [
  { head: "PEERS", right: true, cell: ({ peers }) => String(peers) },
  { head: "UNITS/S", right: true, cell: ({ stats }) => fixed(stats.unitsPerSecond, 2) },
  { head: "MINED", right: true, cell: ({ stats }) => String(stats.blocksMined) },
];

function nodeLines(rows: readonly DevnetRow[], columns: number, c: Colors): string[] {
  const known = rows.find(({ status }) => status !== undefined)?.status?.tasks ?? [];
  const shown = [...FIRST, ...taskColumns(known), ...LAST];
  const cells = rows.map((row) => {
    const { name, role, status, ended } = row;
    if (status === undefined) return [name, role, ended === undefined ? c.dim("starting") : c.red(ended)];
    const state = ended === undefined ? status.state : c.red(ended);
    return [name, role, state, ...shown.map(({ cell }) => cell(status, row))];
  });
  const heads = ["NODE", "ROLE", "STATE", ...shown.map(({ head }) => head)].map((head) => c.dim(head));
  const right = shown.flatMap((column, i) => (column.right === true ? [i + 3] : []));
  return foldTable([heads, ...cells], columns, right);
}

export function renderDevnet(
  rows: readonly DevnetRow[],
  view: View & { readonly seconds: number; readonly dir: string },
): string[] {
  const { colors: c, columns } = view;
  return [
    ...flow([c.bold(`pouw-node devnet  ${plural(rows.length, "node")}  up ${duration(view.seconds)}`)], columns),
    ...nodeLines(rows, columns, c),
    ...flow([agreementLine(rows, c)], columns),
    ...flow([c.dim(`data and logs in ${view.dir}`), c.dim("Ctrl-C stops all")], columns),
  ];
}
