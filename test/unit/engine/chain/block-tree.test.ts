// The tree of recent blocks under as many siblings as somebody cares to sign.
import { describe, expect, it } from "vitest";
import { type Address, type Hash32, u32be } from "../../../../src/base/index.ts";
import { BlockTree } from "../../../../src/engine/chain/block-tree.ts";
import type { BlockEntry } from "../../../../src/engine/storage/index.ts";

const named = (name: number): Hash32 => {
  const bytes = new Uint8Array(32);
  bytes.set(u32be(name), 28);
  return bytes as Hash32;
};
const entry = (name: number, parent: number, height: number, checked: BlockEntry["checked"]): BlockEntry => ({
  id: named(name),
  parent: named(parent),
  height,
  work: BigInt(height),
  miner: named(name) as Uint8Array as Address,
  heard: name,
  startKnown: true,
  task: named(0) as Uint8Array as BlockEntry["task"],
  startDigest: named(0),
  parameters: [],
  checked,
});

describe("what is not checked under a block", () => {
  it("is found among 150,000 siblings that nobody checked", () => {
    const tree = new BlockTree();
    tree.add(entry(1, 0, 1, "executed"));
    const sibling = entry(10, 1, 2, "pending");
    for (let i = 0; i < 150_000; i++) tree.add({ ...sibling, id: named(10 + i) });
    const { open, ground } = tree.uncheckedUnder(entry(5, 10, 3, "pending"));
    expect([open.map(({ height }) => height), ground]).toEqual([[3, 2], named(1)]);
  });

  it("is told from what was, however often that changed", () => {
    const tree = new BlockTree();
    for (const one of [entry(1, 0, 1, "pending"), entry(2, 1, 2, "pending"), entry(3, 2, 3, "executed")]) tree.add(one);
    const below = (): number[] => tree.uncheckedUnder(entry(4, 3, 4, "executed")).open.map(({ height }) => height);
    expect(below()).toEqual([2, 1]);
    const changed = tree.mark(named(1), "executed");
    expect(below()).toEqual([2]);
    tree.unmark(changed);
    expect(below()).toEqual([2, 1]);
    for (const id of [1, 2]) tree.mark(named(id), "executed");
    expect(below()).toEqual([]);
    tree.add(entry(9, 8, 1, "pending"));
    tree.prune(2);
    expect(below()).toEqual([]);
  });
});
