// Takes the chain of a store up where the last run left it: the head with its state, and the blocks around it.
import { bytesEqual, PouwError, toHex } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import type { BlockEntry, BlockStore } from "../storage/index.ts";

export interface ReopenDeps {
  readonly blocks: BlockStore;
  readonly stateOf: (id: Uint8Array) => Promise<State>;
}

export interface Reopened {
  readonly entry: BlockEntry;
  readonly state: State;
  /** Recent blocks of every branch, each after its parent, with all that is not checked under them. */
  readonly near: readonly BlockEntry[];
}

/** Throws STORE_CORRUPT when the head and its state do not belong together. */
export async function reopen(head: Uint8Array, { blocks, stateOf }: ReopenDeps): Promise<Reopened> {
  const entry = await blocks.entry(head);
  const block = await blocks.block(head);
  const state = entry === undefined || block === undefined ? undefined : await stateOf(head);
  const whole = entry !== undefined && block !== undefined && state !== undefined;
  if (!whole || !bytesEqual(state.root, block.value.header.stateRoot)) {
    throw new PouwError("STORE_CORRUPT", `the tip ${toHex(head)} and its state do not belong together`, {
      remedy: "move the data directory away and sync again, or restore it from a copy",
    });
  }
  return { entry, state, near: await around(entry, blocks) };
}

async function around({ height }: BlockEntry, blocks: BlockStore): Promise<BlockEntry[]> {
  const { recent } = blocks.retention;
  const near = await blocks.entries(Math.max(1, height - recent), height + recent);
  const known = new Set(near.map(({ id }) => toHex(id)));
  const below: BlockEntry[] = [];
  for (const one of near) {
    let at = await blocks.entry(one.parent);
    for (; at?.checked === "pending" && !known.has(toHex(at.id)); at = await blocks.entry(at.parent)) {
      known.add(toHex(at.id));
      below.push(at);
    }
  }
  return [...below.sort((a, b) => a.height - b.height), ...near];
}
