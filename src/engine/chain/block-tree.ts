// The blocks of every branch in memory, as links: which is the best tip, and how to get from one tip to another.
import { toHex } from "../../base/index.ts";
import { compareChains } from "../../consensus/index.ts";
import type { BlockEntry, Checked } from "../storage/index.ts";

/** Whether fork choice takes `a` over `b`. */
export function preferred(a: BlockEntry, b: BlockEntry): boolean {
  return compareChains({ ...a, tipId: a.id }, { ...b, tipId: b.id }) > 0;
}

/** A node whose outcome changed. */
export interface Marked {
  readonly was: BlockEntry;
  readonly now: BlockEntry;
}

export class BlockTree {
  readonly #nodes = new Map<string, BlockEntry>();
  readonly #children = new Map<string, Set<string>>();

  get(id: Uint8Array): BlockEntry | undefined {
    return this.#nodes.get(toHex(id));
  }

  entries(): IterableIterator<BlockEntry> {
    return this.#nodes.values();
  }

  /** How many blocks there are at a height, whatever their branch. */
  at(height: number): number {
    let count = 0;
    for (const node of this.#nodes.values()) if (node.height === height) count++;
    return count;
  }

  add(node: BlockEntry): void {
    const key = toHex(node.id);
    this.#nodes.set(key, node);
    const parent = toHex(node.parent);
    const siblings = this.#children.get(parent) ?? new Set();
    siblings.add(key);
    this.#children.set(parent, siblings);
  }

  /** Changes the outcome of a block; `invalid` spreads to everything built on it. Returns the changed nodes as they were and as they are. */
  mark(id: Uint8Array, checked: Checked): Marked[] {
    const changed: Marked[] = [];
    const todo = [toHex(id)];
    for (let key = todo.pop(); key !== undefined; key = todo.pop()) {
      const node = this.#nodes.get(key);
      if (node === undefined || node.checked === checked) continue;
      const now = { ...node, checked };
      this.#nodes.set(key, now);
      changed.push({ was: node, now });
      if (checked === "invalid") todo.push(...(this.#children.get(key) ?? []));
    }
    return changed;
  }

  /** Takes a change of outcomes back. */
  unmark(changed: readonly Marked[]): void {
    for (const { was } of changed) this.#nodes.set(toHex(was.id), was);
  }

  /** The node that fork choice prefers among those not known to be invalid. */
  best(): BlockEntry | undefined {
    let best: BlockEntry | undefined;
    for (const node of this.#nodes.values()) {
      if (node.checked === "invalid") continue;
      if (best === undefined || preferred(node, best)) best = node;
    }
    return best;
  }

  /** Forgets blocks below `height` that nothing recent needs, so that the tree stays small. */
  prune(height: number): void {
    for (const [key, node] of this.#nodes) {
      if (node.height >= height) continue;
      this.#nodes.delete(key);
      this.#children.delete(toHex(node.parent));
    }
  }
}
