// The hashes of a tree in pieces: a library call computes all that are missing at once, however many a block has changed.
import { BranchNode, type Node } from "@chainsafe/persistent-merkle-tree";
import type { Steps } from "../../base/index.ts";

/** Nodes hashed between two pieces. A leaf that stands for a whole object takes some ten hashes. */
const NODES = 16;

/** A node whose hash is not known has none yet. */
const isHashed = (node: Node): boolean => (node.h0 as number | null) !== null;

/** Computes the hashes under `root` that are missing; they stay with the nodes. */
export function* hashTree(root: Node): Steps<void> {
  const open = [root];
  let done = 0;
  for (let node = open.at(-1); node !== undefined; node = open.at(-1)) {
    const below = node instanceof BranchNode ? [node.left, node.right].filter((child) => !isHashed(child)) : [];
    if (below.length > 0) {
      open.push(...below);
      continue;
    }
    void node.rootHashObject;
    open.pop();
    if (++done % NODES === 0) yield 1;
  }
}
