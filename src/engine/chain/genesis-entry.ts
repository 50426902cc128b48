// Height 0 as an entry of the tree: it has no bytes of its own, its id is the genesis hash.
import type { Address, Hash32 } from "../../base/index.ts";
import type { Rules } from "../../chain/index.ts";
import type { Task } from "../../work/index.ts";
import type { BlockEntry } from "../storage/index.ts";

export function genesisEntry({ genesis, tasks }: Rules): BlockEntry {
  const [first] = tasks as [Task];
  return {
    id: genesis,
    parent: genesis,
    height: 0,
    work: 0n,
    miner: new Uint8Array(32) as Address,
    heard: 0,
    startKnown: true,
    task: first.id,
    startDigest: first.initialDigest as Hash32,
    parameters: tasks.map((task) => task.initialDigest as Hash32),
    checked: "executed",
  };
}
