// Takes the chain of a store up where the last run left it: the head with its state, and the blocks around it.
import { bytesEqual, PouwError, type Refusal, storeCorrupt, toHex } from "../../base/index.ts";
import type { Applied, Rules, State } from "../../chain/index.ts";
import { checkBlockSteps } from "../../consensus/index.ts";
import type { BlockEntry, BlockStore } from "../storage/index.ts";
import { inTurns } from "../turns.ts";

/** Blocks above the head that may be here and wait for what is below them. */
export const MAX_AHEAD = 512;

export interface ReopenDeps {
  readonly blocks: BlockStore;
  readonly stateOf: (id: Uint8Array) => Promise<State>;
  readonly rules: Rules;
}

export interface Reopened {
  readonly entry: BlockEntry;
  readonly state: State;
  /** Recent blocks of every branch, each after its parent, with all that is not checked under them. */
  readonly near: readonly BlockEntry[];
}

/** Throws STORE_CORRUPT when the tip breaks a rule on its parent's state, or does not lead to the state that is stored for it. */
export async function reopen(head: Uint8Array, { blocks, stateOf, rules }: ReopenDeps): Promise<Reopened> {
  const entry = await blocks.entry(head);
  const block = await blocks.block(head);
  if (entry === undefined || block === undefined) throw storeCorrupt(`the tip ${toHex(head)} is missing`);
  const standing = (id: Uint8Array): Promise<State> => stateOf(id).catch(asDamage);
  const state = await standing(head);
  // A state that was stored is not replayed: the block that it is of is judged here all the same.
  const steps = checkBlockSteps(await standing(entry.parent), block.value, {}, rules);
  const result: Applied | Refusal = await inTurns(steps);
  if (result.kind !== "state") throw storeCorrupt(`the tip ${toHex(head)} is not valid: ${result.reason}`);
  if (!bytesEqual(state.root, result.state.root))
    throw storeCorrupt(`the tip ${toHex(head)} and its state do not belong together`);
  return { entry, state, near: await around(entry, blocks) };
}

/** A block that is not here is one that should be, below a tip. */
function asDamage(error: unknown): never {
  if (error instanceof PouwError && error.code === "NOT_FOUND") throw storeCorrupt(error.message, error);
  throw error;
}

async function around({ height }: BlockEntry, blocks: BlockStore): Promise<BlockEntry[]> {
  const { recent } = blocks.retention;
  const near = await blocks.entries(Math.max(1, height - recent), height + MAX_AHEAD + recent);
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
