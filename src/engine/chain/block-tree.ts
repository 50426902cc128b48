// The blocks of every branch in memory, as links: what is preferred to what, and what of a branch is not checked yet.
import { type Hash32, toHex } from "../../base/index.ts";
import { compareChains } from "../../consensus/index.ts";
import type { BlockEntry, Checked } from "../storage/index.ts";

/** The part of a branch that is not checked. */
export interface Unchecked {
  /** From the tip down. */
  readonly open: readonly BlockEntry[];
  /** The last block under them that is checked with everything below it. */
  readonly ground: Hash32;
}

/** A node whose outcome changed. */
export interface Marked {
  readonly was: BlockEntry;
  readonly now: BlockEntry;
}

export class BlockTree {
  readonly #nodes = new Map<string, BlockEntry>();
  readonly #children = new Map<string, Set<string>>();
  /** How many unchecked blocks there are at a height: a key with collateral may have made thousands of siblings. */
  readonly #pending = new Map<number, number>();

  get(id: Uint8Array): BlockEntry | undefined {
    return this.#nodes.get(toHex(id));
  }

  entries(): IterableIterator<BlockEntry> {
    return this.#nodes.values();
  }

  add(node: BlockEntry): void {
    const key = toHex(node.id);
    this.#put(key, node);
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
      this.#put(key, now);
      changed.push({ was: node, now });
      if (checked === "invalid") todo.push(...(this.#children.get(key) ?? []));
    }
    return changed;
  }

  /** Takes a change of outcomes back. */
  unmark(changed: readonly Marked[]): void {
    for (const { was } of changed) this.#put(toHex(was.id), was);
  }

  #put(key: string, node: BlockEntry): void {
    this.#count(this.#nodes.get(key), -1);
    this.#nodes.set(key, node);
    this.#count(node, 1);
  }

  #count(node: BlockEntry | undefined, by: number): void {
    if (node?.checked !== "pending") return;
    const left = (this.#pending.get(node.height) ?? 0) + by;
    if (left === 0) this.#pending.delete(node.height);
    else this.#pending.set(node.height, left);
  }

  /** What of the branch that ends in `tip`, in the tree or about to be, is not checked; beyond `most` blocks it is not followed further. */
  uncheckedUnder(tip: BlockEntry, most = Number.POSITIVE_INFINITY): Unchecked {
    const open = tip.checked === "pending" ? [tip] : [];
    const lowest = Math.min(...this.#pending.keys());
    for (let at = this.get(tip.parent); at !== undefined && at.height >= lowest; at = this.get(at.parent)) {
      if (open.length > most) break;
      if (at.checked === "pending") open.push(at);
    }
    return { open, ground: open.at(-1)?.parent ?? tip.id };
  }

  /** Nodes not known to be invalid that fork choice takes over `than`, all without it; best first. */
  preferredTo(than: BlockEntry | undefined): BlockEntry[] {
    const better: BlockEntry[] = [];
    for (const node of this.#nodes.values())
      if (node.checked !== "invalid" && (than === undefined || compareChains(node, than) > 0)) better.push(node);
    return better.sort((a, b) => compareChains(b, a));
  }

  /** Forgets blocks below `height` that nothing recent needs, so that the tree stays small. */
  prune(height: number): void {
    for (const [key, node] of this.#nodes) {
      if (node.height >= height) continue;
      this.#nodes.delete(key);
      this.#count(node, -1);
      this.#children.delete(toHex(node.parent));
    }
  }
}
