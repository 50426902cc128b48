// The miner: keeps every ML node busy from the present common state, one unit after another (protocol section 2).
import type { Effect, RoleEvent, RoleModule } from "../role.ts";
import { MINER_SETTINGS } from "./options.ts";

/** After a unit, an ML node waits this share of a unit for the next record before it runs another from the same state. */
const GRACE_UNITS = 0.5;
/** A unit that could not run is tried again after this many units. */
const RETRY_UNITS = 1;

/** idle: wants a round. busy: a unit runs. waiting: a unit ended, the round's record may come any moment. */
type Phase = "idle" | "busy" | "waiting";

interface MlNode {
  readonly phase: Phase;
  /** Start state and head that the last unit ran from, and how many ran from them. */
  readonly place: string;
  readonly next: number;
}

export interface MinerState {
  readonly paused: boolean;
  /** Start state and head to train from; undefined before the first round. */
  readonly place: string | undefined;
  readonly nodes: readonly MlNode[];
}

type Stepped = readonly [MinerState, readonly Effect[]];

export const miner: RoleModule<MinerState, (typeof MINER_SETTINGS)[number]> = {
  name: "miner",
  needs: ["runtime"],
  bit: 1,
  options: MINER_SETTINGS,
  start: ({ workers }) => [
    {
      paused: false,
      place: undefined,
      nodes: Array.from({ length: workers }, () => ({ phase: "idle", place: "", next: 0 }) as const),
    },
    [],
  ],
  step(state, event) {
    switch (event.type) {
      case "round":
        return wake({ ...state, place: `${event.start}/${event.head}` }, true);
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
      case "executed":
        return [state, []];
    }
  },
};

function change(state: MinerState, at: number, how: (node: MlNode) => MlNode): readonly MlNode[] {
  return state.nodes.map((node, i) => (i === at ? how(node) : node));
}

/** Starts a unit on every node that is free; with `fresh` also on those that wait, since what they waited for has come. */
function wake(state: MinerState, fresh: boolean): Stepped {
  if (state.paused || state.place === undefined) return [state, []];
  const { place } = state;
  const effects: Effect[] = [];
  const nodes = state.nodes.map((node, mlNode): MlNode => {
    const free = node.phase === "idle" || (fresh && node.phase === "waiting" && node.place !== place);
    if (!free) return node;
    const index = node.place === place ? node.next : 0;
    effects.push({ type: "train", mlNode, index });
    return { phase: "busy", place, next: index + 1 };
  });
  return [{ ...state, nodes }, effects];
}

function ended(state: MinerState, event: Extract<RoleEvent, { type: "unit-done" }>): Stepped {
  const node = state.nodes[event.mlNode];
  if (node === undefined || node.phase !== "busy") return [state, []];
  if (event.ran && node.place !== state.place) {
    return wake({ ...state, nodes: change(state, event.mlNode, (it) => ({ ...it, phase: "idle" })) }, false);
  }
  const nodes = change(state, event.mlNode, (it) => ({
    ...it,
    phase: "waiting",
    next: event.ran ? it.next : it.next - 1,
  }));
  const units = event.ran ? GRACE_UNITS : RETRY_UNITS;
  return [{ ...state, nodes }, [{ type: "wait", mlNode: event.mlNode, units }]];
}
