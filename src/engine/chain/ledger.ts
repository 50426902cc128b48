// The single writer of the chain: judges blocks, keeps every branch, moves the head to the best one, and undoes what turns out forged.
import {
  ACCEPT,
  bytesEqual,
  type Hash32,
  ignore,
  PouwError,
  reject,
  SerialQueue,
  toHex,
  type Verdict,
} from "../../base/index.ts";
import { type Genesis, genesisState, type Rules, type State } from "../../chain/index.ts";
import type { Block, Decoded, Header } from "../../codec/index.ts";
import { checkAlone, checkHeader, checkJudged } from "../../consensus/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";
import type { Origin } from "../origin.ts";
import { type BlockEntry, type BlockStore, type Checked, type Move, States } from "../storage/index.ts";
import { BlockTree, preferred } from "./block-tree.ts";
import { genesisEntry } from "./genesis-entry.ts";
import type { Training } from "./training.ts";

export interface LedgerOptions {
  readonly genesis: Genesis;
  readonly rules: Rules;
}

export interface LedgerDeps {
  readonly blocks: BlockStore;
  readonly training: Training;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
}

/** Whole states stored at one height, besides those of blocks that came to stand: siblings cost their makers little. */
const STATES_PER_HEIGHT = 4;

/** A header that passed every check that it can be put to by itself, on this parent. */
export interface Judged {
  readonly kind: "judged";
  readonly id: Uint8Array;
  readonly parent: BlockEntry;
  readonly state: State;
}

export interface ImportOptions {
  readonly signal: AbortSignal;
  /** The block's header as `judgeHeader` left it: it is not judged again. */
  readonly judged?: Judged;
}

/** A block that passed every check but those that take its tasks' parameters. */
interface Candidate {
  readonly block: Decoded<Block>;
  readonly judged: Judged;
  /** The state after it. */
  readonly state: State;
  readonly origin: Origin;
}

export class Ledger {
  readonly rules: Rules;
  readonly #deps: LedgerDeps;
  readonly #tree = new BlockTree();
  readonly #queue = new SerialQueue();
  readonly #states: States;
  readonly #genesis: BlockEntry;
  #head: { readonly entry: BlockEntry; readonly state: State };

  private constructor({ genesis, rules }: LedgerOptions, deps: LedgerDeps) {
    const state = genesisState(genesis);
    this.rules = rules;
    this.#deps = deps;
    this.#genesis = genesisEntry(rules);
    this.#states = new States(state, { blocks: deps.blocks, rules });
    this.#head = { entry: this.#genesis, state };
    this.#tree.add(this.#genesis);
  }

  /** Opens the chain of a store: checks that the head and its state belong together. Throws STORE_CORRUPT, WRONG_NETWORK. */
  static async open(options: LedgerOptions, deps: LedgerDeps): Promise<Ledger> {
    const ledger = new Ledger(options, deps);
    const { network, genesis } = options.rules;
    await deps.blocks.claim({ network, genesis: toHex(genesis) });
    const head = await deps.blocks.head();
    if (head !== undefined) await ledger.#resume(head);
    return ledger;
  }

  get head(): BlockEntry {
    return this.#head.entry;
  }

  /** State after the best block. */
  get state(): State {
    return this.#head.state;
  }

  /** Blocks under the tip whose states and parameters are at hand. */
  get recentBlocks(): number {
    return this.#deps.blocks.retention.recent;
  }

  async entry(id: Uint8Array): Promise<BlockEntry | undefined> {
    if (bytesEqual(id, this.rules.genesis)) return this.#genesis;
    return this.#tree.get(id) ?? this.#deps.blocks.entry(id);
  }

  /** The state after a block of any branch, replayed from the nearest stored one if need be. Throws NOT_FOUND, STORE_CORRUPT. */
  async stateOf(id: Uint8Array): Promise<State> {
    // Whatever else was asked for since, the tip's own is never replayed.
    return bytesEqual(id, this.head.id) ? this.state : this.#states.of(id);
  }

  /** Who won a block of any branch, and so leads on it; undefined for genesis and for a block that is not here. */
  async minerOf(id: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.#deps.blocks.block(id))?.value.header.miner;
  }

  /** Says by themselves known, orphaned and condemned blocks; then whether the header stands on its parent. */
  async judgeHeader(id: Uint8Array, header: Header): Promise<Judged | Verdict> {
    const settled = await this.#settled(id, header);
    if (settled !== undefined) return settled;
    const options = { now: this.#deps.clock.now() };
    const alone = checkAlone(header, options, this.rules);
    if (alone.kind !== "accept") return alone;
    const parent = (await this.entry(header.parent)) as BlockEntry;
    const state = await this.stateOf(parent.id);
    const verdict = checkHeader(state, header, options, this.rules);
    return verdict.kind === "accept" ? { kind: "judged", id, parent, state } : verdict;
  }

  /**
   * Judges a block and, if good, adds it in one synced batch; an own block needs no second run of its unit.
   * What the network must still bring is waited for outside the queue, so a withheld delta holds up nobody else's block.
   */
  async importBlock(block: Decoded<Block>, origin: Origin, options: ImportOptions): Promise<Verdict> {
    const judged = options.judged ?? (await this.judgeHeader(block.id, block.value.header));
    if (judged.kind !== "judged") return judged;
    const checked = checkJudged(judged.state, block.value, this.rules);
    if (checked.kind !== "state") return checked;
    const missing = origin.kind === "own" ? undefined : await this.#deps.training.fetch(block.value, origin, options);
    if (missing !== undefined) return missing;
    return this.#queue.run(() => this.#add({ block, judged, state: checked.state, origin }, options));
  }

  /** The verdict on a block that needs no look inside; undefined when it needs one. */
  async #settled(id: Uint8Array, header: Header): Promise<Verdict | undefined> {
    const known = await this.entry(id);
    if (known?.checked === "invalid") return reject("forged-before");
    if (known !== undefined) return ACCEPT;
    const parent = await this.entry(header.parent);
    if (parent === undefined) return ignore("unknown-parent");
    return parent.checked === "invalid" ? reject("forged-parent") : undefined;
  }

  async #add({ block, judged, state, origin }: Candidate, options: ImportOptions): Promise<Verdict> {
    const settled = await this.#settled(block.id, block.value.header);
    if (settled !== undefined) return settled;
    const advanced = await this.#deps.training.advance(judged, block.value, origin, options);
    if (advanced.kind !== "accept") return advanced;
    await this.#commit(block, state, origin);
    return ACCEPT;
  }

  async #commit(block: Decoded<Block>, state: State, origin: Origin): Promise<void> {
    const { blocks, training, events } = this.#deps;
    const { header } = block.value;
    const kept = await training.keep(block.value, state);
    const entry: BlockEntry = {
      id: block.id,
      parent: header.parent as Hash32,
      height: header.height,
      work: state.work,
      draw: state.draw,
      task: header.task as BlockEntry["task"],
      startDigest: header.startDigest as Hash32,
      parameters: kept.parameters,
      checked: origin.kind === "own" ? "executed" : "pending",
    };
    const move = preferred(entry, this.head) ? await this.#moveTo(entry, block) : undefined;
    await blocks.commit({ block, entry, writes: kept.writes, move });
    kept.written();
    this.#tree.add(entry);
    this.#states.put(block.id, state);
    if (move !== undefined) this.#turn({ entry, state }, move);
    if (origin.kind !== "own") events.emit("pending", { id: entry.id, height: entry.height, task: entry.task });
    if (blocks.retention.keepsState(entry.height)) await this.#keepState(entry, state, move !== undefined);
  }

  /** Without it the states from here on are only replayed from further back: a loss of time, not of the block. */
  async #keepState({ id, height }: BlockEntry, state: State, stands: boolean): Promise<void> {
    const { blocks, log } = this.#deps;
    this.#tree.prune(this.head.height - 4 * blocks.retention.recent);
    if (!stands && this.#tree.at(height) > STATES_PER_HEIGHT) return;
    await blocks.keepState(id, state).catch((error: unknown) => log.warn({ height, error }, "a state was not stored"));
  }

  /** The outcome of a check of a block's winning unit; `invalid` moves the head off everything built on it. */
  setChecked(id: Uint8Array, checked: Checked): Promise<void> {
    return this.#queue.run(async () => {
      const changed = this.#tree.mark(id, checked);
      if (changed.length === 0) return;
      try {
        await this.#writeOutcome(
          changed.map(({ now }) => now),
          checked,
        );
      } catch (error) {
        // Not on disk: the tree must not know what the head does not obey, or the check is never made again.
        this.#tree.unmark(changed);
        throw error;
      }
    });
  }

  /** Writes what changed in the tree, and moves the head if it does not stand any more. */
  async #writeOutcome(changed: readonly BlockEntry[], checked: Checked): Promise<void> {
    const { blocks } = this.#deps;
    const best = this.#tree.best() as BlockEntry;
    if (checked !== "invalid" || bytesEqual(best.id, this.head.id)) {
      await blocks.mark(changed, undefined);
      this.#head = { ...this.#head, entry: this.#tree.get(this.head.id) ?? this.head };
      return;
    }
    const state = await this.stateOf(best.id);
    const move = await this.#moveTo(best, undefined);
    await blocks.mark(changed, move);
    this.#turn({ entry: best, state }, move);
  }

  #turn(head: { readonly entry: BlockEntry; readonly state: State }, move: Move): void {
    this.#head = head;
    const values = (blocks: readonly Decoded<Block>[]): Block[] => blocks.map((block) => block.value);
    this.#deps.events.emit("head", { tip: head.entry, added: values(move.added), dropped: values(move.dropped) });
  }

  /** How the best chain gets from the present head to `target`, whose block is `block` when it is not stored yet. */
  async #moveTo(target: BlockEntry, block: Decoded<Block> | undefined): Promise<Move> {
    const { blocks } = this.#deps;
    const dropped: Decoded<Block>[] = [];
    const added: Decoded<Block>[] = [];
    let down: BlockEntry = this.head;
    let up: BlockEntry = target;
    while (!bytesEqual(down.id, up.id)) {
      if (up.height >= down.height && up.height > 0) {
        const own = bytesEqual(up.id, target.id) ? block : undefined;
        added.push(own ?? present(await blocks.block(up.id), up.id));
        up = present(await this.entry(up.parent), up.parent);
      } else {
        dropped.push(present(await blocks.block(down.id), down.id));
        down = present(await this.entry(down.parent), down.parent);
      }
    }
    return { head: target.id, dropped, added: added.reverse() };
  }

  /** Asks for the checks that the last run still owed; for the start, once those who do them listen. */
  announceOwed(): void {
    for (const { id, height, task, checked } of this.#tree.entries())
      if (checked === "pending") this.#deps.events.emit("pending", { id, height, task });
  }

  /** Takes the chain up where the last run left it. */
  async #resume(head: Uint8Array): Promise<void> {
    const { blocks, events } = this.#deps;
    const entry = await blocks.entry(head);
    const block = await blocks.block(head);
    const state = entry === undefined || block === undefined ? undefined : await this.stateOf(head);
    const whole = entry !== undefined && block !== undefined && state !== undefined;
    if (!whole || !bytesEqual(state.root, block.value.header.stateRoot)) {
      throw new PouwError("STORE_CORRUPT", `the tip ${toHex(head)} and its state do not belong together`, {
        remedy: "move the data directory away and sync again, or restore it from a copy",
      });
    }
    this.#head = { entry, state };
    const { recent } = blocks.retention;
    for (const near of await blocks.entries(await blocks.settledUnder(entry.height), entry.height + recent))
      this.#tree.add(near);
    events.emit("head", { tip: entry, added: [], dropped: [] });
  }
}

function present<T>(found: T | undefined, id: Uint8Array): T {
  if (found === undefined) throw new PouwError("STORE_CORRUPT", `block ${toHex(id)} is missing from the store`);
  return found;
}
