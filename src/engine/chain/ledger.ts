// The single writer of the chain: judges blocks, keeps every branch, moves the head to the best one, and undoes what turns out forged.
import {
  ACCEPT,
  type Address,
  bytesEqual,
  type Hash32,
  ignore,
  SerialQueue,
  toHex,
  type Verdict,
} from "../../base/index.ts";
import { type Genesis, genesisState, type Rules, type State } from "../../chain/index.ts";
import type { Block, Decoded, Header } from "../../codec/index.ts";
import { checkAlone, checkHeader, checkJudged, checkWin, compareChains } from "../../consensus/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";
import type { Origin } from "../origin.ts";
import { type BlockEntry, type BlockStore, type Checked, type Move, States } from "../storage/index.ts";
import { inTurns } from "../turns.ts";
import { BlockTree, type Unchecked } from "./block-tree.ts";
import { genesisEntry } from "./genesis-entry.ts";
import type { KeyBans } from "./key-bans.ts";
import { reopen } from "./reopen.ts";
import { moveBetween, type Shelf } from "./reorganise.ts";
import { Standing, type StandingDeps } from "./standing.ts";
import type { Judged, Training } from "./training.ts";

export interface LedgerOptions {
  readonly genesis: Genesis;
  readonly rules: Rules;
}

export interface LedgerDeps extends Pick<StandingDeps, "executes"> {
  readonly blocks: BlockStore;
  readonly training: Training;
  readonly bans: KeyBans;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ImportOptions {
  readonly signal: AbortSignal;
  /** The block's header as `judgeHeader` left it: it is not judged again. */
  readonly judged?: Judged;
  /** Asked once all that the network brings is here: whether there is room for its check. */
  readonly room?: () => boolean;
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
  readonly #standing: Standing;
  readonly #shelf: Shelf;
  /** Blocks taken in so far: the next one is heard after them. */
  #heard = 0;
  #head: { readonly entry: BlockEntry; readonly state: State };

  private constructor({ genesis, rules }: LedgerOptions, deps: LedgerDeps) {
    const state = genesisState(genesis);
    this.rules = rules;
    this.#deps = deps;
    this.#genesis = genesisEntry(rules);
    this.#states = new States(state, { blocks: deps.blocks, rules });
    this.#head = { entry: this.#genesis, state };
    this.#tree.add(this.#genesis);
    this.#standing = new Standing({ ...deps, rules, tree: this.#tree, chain: this });
    this.#shelf = { entry: (id) => this.entry(id), block: (id) => deps.blocks.block(id) };
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

  /** The block of most work that is here and not known to be invalid, checked or not: what lies below it need not be fetched. */
  get heaviest(): BlockEntry {
    return this.#tree.preferredTo(this.head)[0] ?? this.head;
  }

  /** A block of the last ones, of any branch and whatever its check found. */
  recent(id: Uint8Array): BlockEntry | undefined {
    return this.#tree.get(id);
  }

  /** What of the branch that ends in a block is not checked; of one that is not recent, nothing. */
  uncheckedUnder(tip: BlockEntry): Unchecked {
    return this.#tree.uncheckedUnder(tip);
  }

  /** Whether a block may be head here, and so be built upon and relayed. */
  async mayLead(id: Uint8Array): Promise<boolean> {
    const entry = await this.entry(id);
    return entry !== undefined && entry.checked !== "invalid" && this.#standing.mayLead(entry);
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

  /** Says by themselves known, orphaned and condemned blocks; then whether the header stands on its parent. */
  async judgeHeader(id: Uint8Array, header: Header): Promise<Judged | Verdict> {
    const settled = await this.#settled(id, header);
    if (settled !== undefined) return settled;
    const options = { now: this.#deps.clock.wallTime() };
    const alone = checkAlone(header, options, this.rules);
    if (alone.kind !== "accept") return alone;
    const parent = (await this.entry(header.parent)) as BlockEntry;
    if (!this.#states.has(parent.id)) {
      const at = this.state.recentBlock(parent.height);
      const stands = at && bytesEqual(at.id, parent.id);
      const win = checkWin(stands ? { ...at, tipId: parent.id } : undefined, header, this.rules);
      if (win.kind !== "accept") return win;
    }
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
    const checked = await inTurns(checkJudged(judged.state, block.value, this.rules));
    if (checked.kind !== "state") return checked;
    const missing = origin.kind === "own" ? undefined : await this.#deps.training.fetch(block.value, origin, options);
    if (missing !== undefined) return missing;
    if (options.room?.() === false) return ignore("full", "checks are owed");
    return this.#queue.run(() => this.#add({ block, judged, state: checked.state, origin }, options));
  }

  /** The verdict on a block that needs no look inside; undefined when it needs one. Who sends a forged block need not have checked it. */
  async #settled(id: Uint8Array, header: Header): Promise<Verdict | undefined> {
    const known = await this.entry(id);
    if (known?.checked === "invalid") return ignore("forged-before");
    if (known !== undefined) return ACCEPT;
    const parent = await this.entry(header.parent);
    if (parent === undefined) return ignore("unknown-parent");
    return parent.checked === "invalid" ? ignore("forged-parent") : undefined;
  }

  async #add({ block, judged, state, origin }: Candidate, options: ImportOptions): Promise<Verdict> {
    const { header } = block.value;
    const { training } = this.#deps;
    const settled = await this.#settled(block.id, header);
    if (settled !== undefined) return settled;
    // Before its records are run: what they lead to was not known until it came.
    const startKnown = await training.holds(header.task, header.startDigest);
    const advanced = await training.advance(judged, block.value, origin, options);
    if (advanced.kind !== "accept") return advanced;
    await this.#commit({ block, state, origin }, startKnown);
    return ACCEPT;
  }

  async #commit({ block, state, origin }: Omit<Candidate, "judged">, startKnown: boolean): Promise<void> {
    const { blocks, training, events, log } = this.#deps;
    const { header } = block.value;
    const kept = await training.keep(block.value, state);
    const entry: BlockEntry = {
      id: block.id,
      parent: header.parent as Hash32,
      height: header.height,
      work: state.work,
      miner: header.miner as Address,
      heard: ++this.#heard,
      startKnown,
      task: header.task as BlockEntry["task"],
      startDigest: header.startDigest as Hash32,
      parameters: kept.parameters,
      checked: origin.kind === "own" ? "executed" : "pending",
    };
    this.#states.put(block.id, state);
    const leads = compareChains(entry, this.head) > 0 && (await this.#standing.mayLead(entry));
    const move = leads ? await moveBetween(this.head, entry, this.#shelf, block) : undefined;
    await blocks.commit({ block, entry, ...kept, move });
    this.#tree.add(entry);
    if (move !== undefined) this.#turn({ entry, state }, move);
    if (origin.kind !== "own") events.emit("pending", entry);
    if (move !== undefined) await this.#states.keep(move.added, log);
  }

  /** The outcome of a check of a block's winning unit: the head is chosen anew. `invalid` takes what stands on the block with it, and bans its author's key here. */
  setChecked(id: Uint8Array, checked: Checked): Promise<void> {
    return this.#queue.run(() => this.#settle([id], checked));
  }

  /** Takes those of these blocks as good that are not checked: the sample of their segment was right. */
  takeSampled(ids: readonly Uint8Array[]): Promise<void> {
    const isOpen = (id: Uint8Array): boolean => this.#tree.get(id)?.checked === "pending";
    return this.#queue.run(() => this.#settle(ids.filter(isOpen), "sample"));
  }

  async #settle(ids: readonly Uint8Array[], checked: Checked): Promise<void> {
    const changed = ids.flatMap((id) => this.#tree.mark(id, checked));
    const [first] = changed;
    if (first === undefined) return;
    if (checked === "invalid") this.#deps.bans.ban(first.now.miner);
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
  }

  /** Writes what changed in the tree, and moves the head if it does not stand any more or a better one may. */
  async #writeOutcome(changed: readonly BlockEntry[], checked: Checked): Promise<void> {
    const { blocks, log } = this.#deps;
    const head = this.#tree.get(this.head.id) ?? this.head;
    // A forger's other blocks are not built upon any more either.
    const falls = head.checked === "invalid" || (checked === "invalid" && !(await this.#standing.mayLead(head)));
    const best = (await this.#standing.best(falls ? undefined : head)) ?? head;
    if (bytesEqual(best.id, head.id)) {
      await blocks.mark(changed, undefined);
      this.#head = { ...this.#head, entry: head };
      return;
    }
    const state = await this.stateOf(best.id);
    const move = await moveBetween(this.head, best, this.#shelf);
    await blocks.mark(changed, move);
    this.#turn({ entry: best, state }, move);
    await this.#states.keep(move.added, log);
  }

  #turn(head: { readonly entry: BlockEntry; readonly state: State }, move: Move): void {
    this.#head = head;
    this.#tree.prune(head.entry.height - 4 * this.recentBlocks);
    const values = (blocks: readonly Decoded<Block>[]): Block[] => blocks.map((block) => block.value);
    this.#deps.events.emit("head", { tip: head.entry, added: values(move.added), dropped: values(move.dropped) });
  }

  /** Asks for the checks that are owed for what is here: those of the last run, once those who do them listen. */
  announceOwed(): void {
    for (const entry of this.#tree.entries()) if (entry.checked === "pending") this.#deps.events.emit("pending", entry);
  }

  /** Takes the chain up where the last run left it; a head that this node may not build on any more, since it trained then and does not now, is left. */
  async #resume(head: Uint8Array): Promise<void> {
    const { blocks, events } = this.#deps;
    const { near, ...stored } = await reopen(head, { blocks, stateOf: (id) => this.#states.of(id), rules: this.rules });
    for (const entry of near) this.#tree.add(entry);
    this.#heard = near.reduce((most, { heard }) => Math.max(most, heard), 0);
    this.#head = stored;
    if (!(await this.#standing.mayLead(stored.entry))) {
      const entry = (await this.#standing.best()) as BlockEntry;
      await blocks.mark([], await moveBetween(stored.entry, entry, this.#shelf));
      this.#head = { entry, state: await this.stateOf(entry.id) };
    }
    events.emit("head", { tip: this.head, added: [], dropped: [] });
  }
}
