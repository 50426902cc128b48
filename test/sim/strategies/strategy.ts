// The honest choice of everything that a miner may decide; a strategy says what it does otherwise.
import type { Strategy } from "./types.ts";

export const HONEST: Strategy = {
  name: "honest",
  does: "what the protocol asks",
  saves: 0,
  near: 1,
  // Whatever was begun is finished. The plan drops later units when a newer state comes; who finishes them gains, see docs/strategies.md.
  drops: () => false,
  behind: 0,
  task: (lane, tasks) => lane % tasks,
  records: () => true,
  rushes: false,
  carries: (_needed, most) => most,
  closes: () => true,
  forges: undefined,
  keys: 1,
  splits: 1,
  attests: "works",
  shows: 0,
  checks: true,
  worksOn: (head) => head,
  won: () => "publish",
  heard: () => undefined,
};

export const strategy = (name: string, does: string, deviates: Partial<Strategy>): Strategy => ({
  ...HONEST,
  ...deviates,
  name,
  does,
});
