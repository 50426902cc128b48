// Which block may be the head: one that is checked with all below it, and an unchecked one whose author's collateral answers for it.
// Each node's own policy, no rule of validity (protocol section 5).
import { bytesEqual, toHex } from "../../base/index.ts";
import type { Rules, State } from "../../chain/index.ts";
import { compareChains } from "../../consensus/index.ts";
import type { BlockEntry } from "../storage/index.ts";
import type { BlockTree } from "./block-tree.ts";
import type { KeyBans } from "./key-bans.ts";

/** Unchecked blocks under a head, itself counted. */
const MAX_UNCHECKED = 2;

export interface StandingDeps {
  readonly rules: Rules;
  readonly tree: BlockTree;
  readonly chain: { readonly head: BlockEntry; readonly stateOf: (id: Uint8Array) => Promise<State> };
  /** Whether this node re-executes the units of a task. */
  readonly executes: (task: Uint8Array) => boolean;
  readonly bans: Pick<KeyBans, "has">;
}

export class Standing {
  readonly #deps: StandingDeps;

  constructor(deps: StandingDeps) {
    this.#deps = deps;
  }

  /** Whether a block, in the tree or about to be, may be head, and so be built upon and relayed. */
  async mayLead(tip: BlockEntry): Promise<boolean> {
    const { tree, rules, chain, executes, bans } = this.#deps;
    const { open, ground } = tree.uncheckedUnder(tip, MAX_UNCHECKED);
    if (open.length === 0) return true;
    if (open.length > MAX_UNCHECKED || new Set(open.map(({ miner }) => toHex(miner))).size < open.length) return false;
    if (!open.every(({ task, startKnown }) => startKnown && executes(task))) return false;
    if (!this.#isOfBest(ground)) return false;
    const state = await chain.stateOf(ground);
    return open.every(({ miner }) => state.collateralOf(miner) >= rules.provisional && !bans.has(miner));
  }

  /**
   * Whether a block is of the branch that is head should all above it fall. A unit forged on another is no evidence on that one, and its
   * author's collateral answers for nothing.
   */
  #isOfBest(id: Uint8Array): boolean {
    const { tree, chain } = this.#deps;
    const ground = tree.get(id);
    if (ground !== undefined && compareChains(ground, chain.head) > 0) return true;
    let at: BlockEntry | undefined = chain.head;
    while (at !== undefined && at.height > (ground?.height ?? 0)) at = tree.get(at.parent);
    return at === undefined || bytesEqual(at.id, id);
  }

  /** The best block that may be head, of those preferred to `than` if there is one. */
  async best(than?: BlockEntry): Promise<BlockEntry | undefined> {
    for (const node of this.#deps.tree.preferredTo(than)) if (await this.mayLead(node)) return node;
    return undefined;
  }
}
