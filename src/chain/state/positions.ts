// Where each account stands in a state's list. A tree that shares what did not change with the one before, as the state's own does:
// what a block notes goes with the states that it leads to, and with those of a block that was refused or dropped.
import { toHex } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";

interface Leaf {
  /** Hash of the address, hex: whoever chooses addresses must not choose how deep the tree gets. */
  readonly name: string;
  readonly at: number;
}
/** A leaf, or what there is for each next digit of the hash. */
type Node = Leaf | readonly (Node | undefined)[];

const isLeaf = (node: Node): node is Leaf => !Array.isArray(node);
const nameOf = (address: Uint8Array): string => toHex(sha256(address));
const digitAt = (name: string, depth: number): number => Number.parseInt(name.charAt(depth), 16);

export class Positions {
  static readonly none = new Positions(undefined);
  readonly #root: Node | undefined;

  private constructor(root: Node | undefined) {
    this.#root = root;
  }

  /** Those of a list of addresses. */
  static of(addresses: Iterable<Uint8Array>): Positions {
    let root: Node | undefined;
    let at = 0;
    for (const address of addresses) root = withLeaf(root, { name: nameOf(address), at: at++ }, 0);
    return new Positions(root);
  }

  get(address: Uint8Array): number | undefined {
    const name = nameOf(address);
    let node = this.#root;
    for (let depth = 0; node !== undefined; depth++) {
      if (isLeaf(node)) return node.name === name ? node.at : undefined;
      node = node[digitAt(name, depth)];
    }
    return undefined;
  }

  with(address: Uint8Array, at: number): Positions {
    return new Positions(withLeaf(this.#root, { name: nameOf(address), at }, 0));
  }

  without(address: Uint8Array): Positions {
    return new Positions(withoutLeaf(this.#root, nameOf(address), 0));
  }
}

function withLeaf(node: Node | undefined, leaf: Leaf, depth: number): Node {
  if (node === undefined) return leaf;
  if (!isLeaf(node)) {
    const slot = digitAt(leaf.name, depth);
    return node.with(slot, withLeaf(node[slot], leaf, depth + 1));
  }
  if (node.name === leaf.name) return leaf;
  const parent: Node = new Array<Node | undefined>(16).fill(undefined).with(digitAt(node.name, depth), node);
  return withLeaf(parent, leaf, depth);
}

/** A node with one leaf below it and nothing else becomes that leaf, so that the tree is as if the address had never been in it. */
function withoutLeaf(node: Node | undefined, name: string, depth: number): Node | undefined {
  if (node === undefined) return undefined;
  if (isLeaf(node)) return node.name === name ? undefined : node;
  const slot = digitAt(name, depth);
  const rest = node.with(slot, withoutLeaf(node[slot], name, depth + 1));
  const left = rest.filter((one) => one !== undefined);
  return left.length === 1 && isLeaf(left[0] as Node) ? left[0] : rest;
}
