// The screen of `devnet`: a row per node, and whether they agree.
import type { NodeStatus } from "../../node/index.ts";
import type { Colors } from "../io.ts";
import { clip, duration, fixed, percent, plural, short, table } from "./text.ts";

export interface DevnetRow {
  readonly name: string;
  readonly role: string;
  /** Undefined while it starts or does not answer. */
  readonly status: NodeStatus | undefined;
  /** Why it ended, when it did. */
  readonly ended: string | undefined;
}

/** Nodes on the same settled height must name the same block, state and parameters there. */
export function disagreements(rows: readonly DevnetRow[]): string[] {
  const seen = new Map<number, { name: string; print: string }>();
  const found: string[] = [];
  for (const { name, status } of rows) {
    if (status === undefined) continue;
    const { height, hash, stateRoot, parametersDigest } = status.settled;
    const print = `${hash} ${stateRoot} ${parametersDigest}`;
    const other = seen.get(height);
    if (other === undefined) seen.set(height, { name, print });
    else if (other.print !== print) found.push(`${other.name} and ${name} differ at height ${height}`);
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
  return c.green(`${plural(settled.length, "node")} agree, settled at ${low === high ? low : `${low} to ${high}`}`);
}

function cells({ name, role, status, ended }: DevnetRow, c: Colors): string[] {
  if (status === undefined) return [name, role, ended === undefined ? c.dim("starting") : c.red(ended)];
  const task = status.tasks[0];
  return [
    name,
    role,
    ended === undefined ? status.state : c.red(ended),
    String(status.height),
    `${status.settled.height} ${short(status.settled.hash, 8)}`,
    short(status.settled.stateRoot, 8),
    short(status.settled.parametersDigest, 8),
    percent(task?.accuracy),
    String(status.peers),
    fixed(status.stats.unitsPerSecond, 2),
    String(status.stats.blocksMined),
  ];
}

const HEAD = [
  "NODE",
  "ROLE",
  "STATE",
  "HEIGHT",
  "SETTLED",
  "STATE ROOT",
  "PARAMETERS",
  "ACCURACY",
  "PEERS",
  "UNITS/S",
  "MINED",
];

export function renderDevnet(
  rows: readonly DevnetRow[],
  view: { readonly colors: Colors; readonly columns: number; readonly seconds: number; readonly dir: string },
): string[] {
  const c = view.colors;
  const lines = [
    c.bold(`pouw-node devnet  ${plural(rows.length, "node")}  up ${duration(view.seconds)}`),
    ...table([HEAD.map((name) => c.dim(name)), ...rows.map((row) => cells(row, c))], [3, 7, 8, 9, 10]),
    agreementLine(rows, c),
    c.dim(`data and logs in ${view.dir}  Ctrl-C stops all`),
  ];
  return lines.map((line) => clip(line, view.columns));
}
