// The miner: keeps every ML node busy from the present common states of its tasks, one unit after another (protocol section 2).
import { messageOf, toHex } from "../../base/index.ts";
import type { Task } from "../../work/index.ts";
import { type RoleTools, role } from "../role.ts";
import { isCalled } from "../task-names.ts";
import { MINER_SETTINGS } from "./options.ts";

/** After a unit, an ML node waits this share of a unit for the next record before it runs another from the same state. */
const GRACE_UNITS = 0.5;
/** A unit that could not run is tried again after this many units. */
const RETRY_UNITS = 1;

export type MinerEvent =
  /** The common state of a task to train from changed. Ids and digests are hex. */
  | { readonly type: "round"; readonly task: string; readonly startDigest: string; readonly head: string }
  /** An own unit ended; `ran` is false when it could not run (parameters missing, banned). */
  | { readonly type: "unit-done"; readonly mlNode: number; readonly ran: boolean }
  /** A wait that was asked for is over. */
  | { readonly type: "waited"; readonly mlNode: number };

export type MinerEffect =
  | { readonly type: "train"; readonly task: string; readonly mlNode: number; readonly index: number }
  /** Send `waited` after this share of the task's median unit. */
  | { readonly type: "wait"; readonly task: string; readonly mlNode: number; readonly units: number };

/** idle: wants a round. busy: a unit runs. waiting: a unit ended, the round's record may come any moment. */
type Phase = "idle" | "busy" | "waiting";

/** Where an ML node last ran units of a task, and how many ran from there. */
interface Spot {
  readonly place: string;
  readonly next: number;
  /** Units of the task that the node ran: the task with the fewest is next. */
  readonly units: number;
}

interface MlNode {
  readonly phase: Phase;
  /** Task of the last unit, hex. */
  readonly task: string;
  /** By task. */
  readonly spots: { readonly [task: string]: Spot };
}

export interface MinerState {
  readonly paused: boolean;
  /** Tasks to train, hex, in order. */
  readonly tasks: readonly string[];
  /** Task -> start state and head to train from; none before the task's first round. */
  readonly places: { readonly [task: string]: string };
  readonly nodes: readonly MlNode[];
}

type Stepped = readonly [MinerState, readonly MinerEffect[]];

const NOWHERE: Spot = { place: "", next: 0, units: 0 };

export const miner = role<MinerState, MinerEvent, MinerEffect, (typeof MINER_SETTINGS)[number]>({
  name: "miner",
  bit: 1,
  needs: ["runtime"],
  claims: { leads: true },
  options: MINER_SETTINGS,
  listens: { round: ({ task, startDigest, head }) => ({ type: "round", task, startDigest, head }) },
  start: ({ workers, options, tasks }) => [
    {
      paused: false,
      tasks: chosen(tasks, options.tasks).map((task) => toHex(task.id)),
      places: {},
      nodes: Array.from({ length: workers }, () => ({ phase: "idle", task: "", spots: {} }) as const),
    },
    [],
  ],
  step(state, event) {
    switch (event.type) {
      case "round": {
        if (!state.tasks.includes(event.task)) return [state, []];
        const places = { ...state.places, [event.task]: `${event.startDigest}/${event.head}` };
        return wake({ ...state, places }, true);
      }
      case "pause":
        return [{ ...state, paused: true }, []];
      case "resume":
        return wake({ ...state, paused: false }, true);
      case "unit-done":
        return ended(state, event);
      case "waited": {
        const nodes = change(state, event.mlNode, (node) =>
          node.phase === "waiting" ? { ...node, phase: "idle" } : node,
        );
        return wake({ ...state, nodes }, false);
      }
    }
  },
  effects: { train, wait },
});

/** Those that the settings name, by name or id; all when they name none. */
function chosen(tasks: readonly Task[], named: readonly string[]): readonly Task[] {
  return named.length === 0 ? tasks : tasks.filter((task) => named.some((name) => isCalled(task, name)));
}

function change(state: MinerState, at: number, how: (node: MlNode) => MlNode): readonly MlNode[] {
  return state.nodes.map((node, i) => (i === at ? how(node) : node));
}

/** Starts a unit on every node that is free; with `fresh` also on those that wait, since what they waited for has come. */
function wake(state: MinerState, fresh: boolean): Stepped {
  if (state.paused) return [state, []];
  const effects: MinerEffect[] = [];
  const nodes = state.nodes.map((node, mlNode): MlNode => {
    const moved = fresh && node.phase === "waiting" && node.spots[node.task]?.place !== state.places[node.task];
    const task = node.phase === "idle" || moved ? nextTask(state, node) : undefined;
    if (task === undefined) return node;
    const place = state.places[task] as string;
    const before = node.spots[task] ?? NOWHERE;
    const index = before.place === place ? before.next : 0;
    effects.push({ type: "train", task, mlNode, index });
    const spot = { place, next: index + 1, units: before.units + 1 };
    return { phase: "busy", task, spots: { ...node.spots, [task]: spot } };
  });
  return [{ ...state, nodes }, effects];
}

/** The task with a round that the node ran the fewest units of; the first among equals. */
function nextTask({ tasks, places }: MinerState, { spots }: MlNode): string | undefined {
  const units = (task: string): number => spots[task]?.units ?? 0;
  let best: string | undefined;
  for (const task of tasks)
    if (places[task] !== undefined && (best === undefined || units(task) < units(best))) best = task;
  return best;
}

function ended(state: MinerState, { mlNode, ran }: Extract<MinerEvent, { type: "unit-done" }>): Stepped {
  const node = state.nodes[mlNode];
  if (node === undefined || node.phase !== "busy") return [state, []];
  const { task } = node;
  const spot = node.spots[task] ?? NOWHERE;
  const free = ran && (spot.place !== state.places[task] || nextTask(state, node) !== task);
  if (free) return wake({ ...state, nodes: change(state, mlNode, (it) => ({ ...it, phase: "idle" })) }, false);
  const next = ran ? spot.next : spot.next - 1;
  const spots = { ...node.spots, [task]: { ...spot, next } };
  const nodes = change(state, mlNode, (it) => ({ ...it, phase: "waiting", spots }));
  return [{ ...state, nodes }, [{ type: "wait", task, mlNode, units: ran ? GRACE_UNITS : RETRY_UNITS }]];
}

async function train(
  { task, mlNode, index }: Extract<MinerEffect, { type: "train" }>,
  { engine, log, signal, send }: RoleTools<MinerEvent>,
): Promise<void> {
  let ran = false;
  try {
    ran = (await engine.train(task, mlNode, index)) !== undefined;
  } catch (error) {
    if (!signal.aborted) log.warn({ mlNode, index, reason: messageOf(error) }, "a unit failed");
  }
  send({ type: "unit-done", mlNode, ran });
}

function wait(
  { task, mlNode, units }: Extract<MinerEffect, { type: "wait" }>,
  { engine, clock, signal, send }: RoleTools<MinerEvent>,
): void {
  const cancel = clock.after(units * engine.medianUnitMs(task), () => {
    signal.removeEventListener("abort", cancel);
    send({ type: "waited", mlNode });
  });
  signal.addEventListener("abort", cancel, { once: true });
}
