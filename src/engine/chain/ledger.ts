// The single writer of the chain: judges blocks, keeps every branch, moves the head to the best one, and undoes what turns out forged.
import {
    ACCEPT,
    bytesEqual,
    type Hash32,
    ignore,
    Lru,
    PouwError,
    reject,
    SerialQueue,
    toHex,
    type Verdict,
} from "../../base/index.ts";
import { type Genesis, genesisState, type Rules, type State } from "../../chain/index.ts";
import { type Header, Block, type RoundRecord } from "../../codec/index.ts";
import { checkBlock } from "../../consensus/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { BlockEntry, BlockStore, Checked, Move } from "../storage/block-store.ts";
import { KEEP_RECENT, SNAPSHOT_EVERY } from "../storage/keys.ts";
import type { Deltas } from "../training/deltas.ts";
import { type Parameters, rebuildParameters } from "../training/parameters.ts";
import { BlockTree, preferred } from "./block-tree.ts";

export interface ImportResult {
  readonly verdict: Verdict;
  readonly id: Uint8Array;
}

/** What an import or a check did to the best chain. Oldest first in `added`, newest first in `dropped`. */
export interface HeadChange {
  readonly added: readonly Block[];
  readonly dropped: readonly Block[];
  readonly own: boolean;
}

export interface LedgerDeps {
  readonly blocks: BlockStore;
  readonly parameters: Parameters;
  readonly deltas: Deltas;
  readonly clock: Clock;
  readonly log: Log;
  readonly onHead: (change: HeadChange) => void;
  /** A block joined the tree, whatever its branch, and its unit is not checked yet. */
  readonly onPending: (node: BlockEntry) => void;
}

const STATES_IN_MEMORY = 64;

export class Ledger {
  readonly rules: Rules;
  readonly #deps: LedgerDeps;
  readonly #tree = new BlockTree();
  readonly #queue = new SerialQueue();
  readonly #states = new Lru<string, State>(STATES_IN_MEMORY);
  readonly #genesisState: State;
  #head: BlockEntry;

  private constructor(genesis: Genesis, rules: Rules, deps: LedgerDeps) {
    this.rules = rules;
    this.#deps = deps;
    this.#genesisState = genesisState(genesis);
    this.#head = this.#genesisNode();
    this.#tree.add(this.#head);
    this.#states.set(toHex(this.#head.id), this.#genesisState);
  }

  /** Opens the chain of a store: checks that the head, its state and its parameters belong together. Throws STORE_CORRUPT, WRONG_NETWORK. */
  static async open(genesis: Genesis, rules: Rules, deps: LedgerDeps): Promise<Ledger> {
    const ledger = new Ledger(genesis, rules, deps);
    await deps.blocks.claim({ network: rules.network, genesis: toHex(rules.genesis) });
    const head = await deps.blocks.head();
    if (head !== undefined) await ledger.#resume(head);
    return ledger;
  }

  get head(): BlockEntry {
    return this.#head;
  }

  /** State after the best block. */
  get state(): State {
    return this.#states.get(toHex(this.#head.id)) as State;
  }

  async node(id: Uint8Array): Promise<BlockEntry | undefined> {
    return (
      this.#tree.get(id) ?? (bytesEqual(id, this.rules.genesis) ? this.#genesisNode() : this.#deps.blocks.node(id))
    );
  }

  /** The post-state of a block of any branch, replayed from the nearest stored one if need be. */
  async stateOf(id: Uint8Array): Promise<State> {
    const key = toHex(id);
    if (bytesEqual(id, this.rules.genesis)) return this.#genesisState;
    const held = this.#states.get(key) ?? (await this.#deps.blocks.state(id));
    if (held !== undefined) {
      this.#states.set(key, held);
      return held;
    }
    const block = await this.#deps.blocks.block(id);
    if (block === undefined) throw new PouwError("NOT_FOUND", `block ${key} is not here`);
    const result = checkBlock(await this.stateOf(block.header.parent), block, {}, this.rules);
    if (result.kind !== "state")
      throw new PouwError("STORE_CORRUPT", `stored block ${key} is not valid: ${result.reason}`);
    this.#states.set(key, result.state);
    return result.state;
  }

  /** P(t) of a block's winning unit, rebuilt through the records of earlier blocks if it is not held, or pulled by digest; undefined when neither can be. */
  async parametersOf(node: BlockEntry, options: { readonly signal: AbortSignal }): Promise<Float32Array | undefined> {
    const { parameters, blocks } = this.#deps;
    return rebuildParameters(
      node,
      { parameters, block: (id) => blocks.block(id), node: (id) => this.node(id) },
      options,
    );
  }

  /**
   * Judges a block and, if good, adds it in one synced batch. `own`: made here, its unit needs no second run.
   * What the network must still bring is waited for outside the queue, so a withheld delta holds up nobody else's block.
   */
  async importBlock(
    block: Block,
    source: { readonly from: string | undefined; readonly own: boolean },
    options: { readonly signal: AbortSignal },
  ): Promise<ImportResult> {
    const id = Header.id(block.header);
    const settled = await this.#known(id, block);
    if (settled !== undefined) return { verdict: settled, id };
    const parent = await this.stateOf(block.header.parent);
    const checked = checkBlock(parent, block, { now: this.#deps.clock.now() }, this.rules);
    if (checked.kind !== "state") return { verdict: checked, id };
    const missing = source.own ? undefined : await this.#fetch(block, source.from, options);
    if (missing !== undefined) return { verdict: missing, id };
    const verdict = await this.#queue.run(() => this.#import(block, id, checked.state, source, options));
    return { verdict, id };
  }

  /** The verdict on a block that needs no look inside; undefined when it needs one. */
  async #known(id: Hash32, block: Block): Promise<Verdict | undefined> {
    const known = await this.node(id);
    if (known?.checked === "invalid") return reject("forged-before", "the block was found forged before");
    if (known !== undefined) return ACCEPT;
    const parent = await this.node(block.header.parent);
    if (parent === undefined) return ignore("unknown-parent", "the block's parent is not here yet");
    if (parent.checked === "invalid") return reject("forged-parent", "the block stands on a forged one");
    return undefined;
  }

  /** Brings the deltas of a block here, whose records its leader signed: only a winner can have a node ask for what nobody serves. */
  async #fetch(
    block: Block,
    from: string | undefined,
    options: { readonly signal: AbortSignal },
  ): Promise<Verdict | undefined> {
    const { deltas, blocks } = this.#deps;
    const hints = from === undefined ? [] : [from];
    const keep = (record: RoundRecord): Promise<void> => blocks.keepRecord(record, false, deltas);
    const here = await deltas.ofRecords(block.body.records, hints, keep, options);
    return here ? undefined : ignore("no-delta", "a recorded delta could not be had from any peer");
  }

  async #import(
    block: Block,
    id: Hash32,
    state: State,
    source: { readonly from: string | undefined; readonly own: boolean },
    options: { readonly signal: AbortSignal },
  ): Promise<Verdict> {
    const settled = await this.#known(id, block);
    if (settled !== undefined) return settled;
    const parent = (await this.node(block.header.parent)) as BlockEntry;
    const advanced = await this.#advance(parent, block, source.from, options);
    if (advanced.kind !== "accept") return advanced;
    await this.#commit(block, id, state, source.own);
    return ACCEPT;
  }

  /** Runs the block's records over the parent's parameters: every next state must be what its deltas make. */
  async #advance(
    parent: BlockEntry,
    block: Block,
    from: string | undefined,
    options: { readonly signal: AbortSignal },
  ): Promise<Verdict> {
    const hints = from === undefined ? [] : [from];
    if ((await this.parametersOf(parent, options)) === undefined) {
      return ignore("no-parameters", "the parameters that the block starts from are not here");
    }
    let start = parent.startDigest;
    for (const record of block.body.records) {
      const verdict = await this.#deps.parameters.advance(start, record, hints, options);
      if (verdict.kind !== "accept") return verdict;
      start = record.nextDigest;
    }
    return ACCEPT;
  }

  async #commit(block: Block, id: Hash32, state: State, own: boolean): Promise<void> {
    const node: BlockEntry = {
      id,
      parent: block.header.parent as Hash32,
      height: block.header.height,
      work: state.work,
      draw: state.draw,
      startDigest: block.header.startDigest,
      checked: own ? "executed" : "pending",
    };
    const move = preferred(node, this.#head) ? await this.#moveTo(node, block) : undefined;
    const set = await this.#deps.parameters.get(node.startDigest);
    const parameters = set === undefined ? undefined : this.#deps.parameters.encode(set);
    const { deltas, blocks } = this.#deps;
    await blocks.commit({ block, node, state, deltas, parameters, move });
    this.#tree.add(node);
    this.#states.set(toHex(id), state);
    if (node.height % SNAPSHOT_EVERY === 0) this.#tree.prune(this.#head.height - 4 * KEEP_RECENT);
    if (move !== undefined) this.#turn(node, move, own);
    if (!own) this.#deps.onPending(node);
  }

  /** The outcome of a check of a block's winning unit; `invalid` moves the head off everything built on it. */
  setChecked(id: Uint8Array, checked: Checked): Promise<void> {
    return this.#queue.run(async () => {
      const changed = this.#tree.mark(id, checked);
      if (changed.length === 0) return;
      const best = this.#tree.best() as BlockEntry;
      if (checked !== "invalid" || bytesEqual(best.id, this.#head.id))
        return this.#deps.blocks.mark(changed, undefined);
      await this.stateOf(best.id);
      const move = await this.#moveTo(best, undefined);
      await this.#deps.blocks.mark(changed, move);
      this.#turn(best, move, false);
    });
  }

  #turn(head: BlockEntry, move: Move, own: boolean): void {
    this.#head = head;
    this.#deps.onHead({ added: move.added.map(({ block }) => block), dropped: move.dropped, own });
  }

  /** How the best chain gets from the present head to `target`, whose block is `block` when it is not stored yet. */
  async #moveTo(target: BlockEntry, block: Block | undefined): Promise<Move> {
    const { blocks } = this.#deps;
    const dropped: Block[] = [];
    const added: { id: Uint8Array; block: Block }[] = [];
    let down: BlockEntry = this.#head;
    let up: BlockEntry = target;
    while (!bytesEqual(down.id, up.id)) {
      if (up.height >= down.height && up.height > 0) {
        const own = bytesEqual(up.id, target.id) ? block : undefined;
        added.push({ id: up.id, block: own ?? present(await blocks.block(up.id), up.id) });
        up = present(await this.node(up.parent), up.parent);
      } else {
        dropped.push(present(await blocks.block(down.id), down.id));
        down = present(await this.node(down.parent), down.parent);
      }
    }
    return { head: target.id, dropped, added: added.reverse() };
  }

  #genesisNode(): BlockEntry {
    const { genesis } = this.rules;
    const start = (this.#genesisState.tasks[0] as { parameters: Uint8Array }).parameters;
    return {
      id: genesis,
      parent: genesis,
      height: 0,
      work: 0n,
      draw: new Uint8Array(32),
      startDigest: start,
      checked: "executed",
    };
  }

  /** Takes the chain up where the last run left it, and asks for the checks that it still owed. */
  async #resume(head: Uint8Array): Promise<void> {
    const node = await this.#deps.blocks.node(head);
    const block = await this.#deps.blocks.block(head);
    const state = await this.#deps.blocks.state(head);
    const whole = node !== undefined && block !== undefined && state !== undefined;
    if (!whole || !bytesEqual(state.root, block.header.stateRoot) || !bytesEqual(state.genesis, this.rules.genesis)) {
      throw new PouwError("STORE_CORRUPT", `the tip ${toHex(head)} and its state do not belong together`, {
        remedy: "move the data directory away and sync again, or restore it from a copy",
      });
    }
    for (const recent of await this.#deps.blocks.nodesFrom(
      Math.max(1, node.height - KEEP_RECENT),
      node.height + KEEP_RECENT,
    )) {
      this.#tree.add(recent);
      if (recent.checked === "pending") this.#deps.onPending(recent);
    }
    this.#states.set(toHex(head), state);
    this.#head = node;
  }
}

function present<T>(found: T | undefined, id: Uint8Array): T {
  if (found === undefined) throw new PouwError("STORE_CORRUPT", `block ${toHex(id)} is missing from the store`);
  return found;
}
