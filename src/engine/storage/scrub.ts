// The scrub: reads, in the background, what the store should hold. What is damaged or gone is named, and brought again: from its
// neighbours where they tell it, else from peers, which are asked until one has it.
import { bytesEqual, fromHex, PouwError, toHex } from "../../base/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";
import { pause } from "../pause.ts";
import type { BlockStore } from "./block-store.ts";
import { needIn } from "./delta-rows.ts";
import type { BlockEntry } from "./entry.ts";
import { KEYS, ranges } from "./keys.ts";
import type { SteadyStore } from "./steady-store.ts";

/** After so much was read others have their turn: this long in the first look after a start, and later. */
const TURN_BYTES = 4 << 20;
const TURN_ROWS = 64;
const FIRST_PAUSE_MS = 100;
const PAUSE_MS = 5_000;
/** From one look to the next, and between two tries to bring what is damaged, ms. */
const REST_MS = 6 * 3_600_000;
const AGAIN_MS = 30_000;

/** What a peer is asked for; undefined when none has it. */
export interface ScrubSources {
  block(id: Uint8Array): Promise<Uint8Array | undefined>;
  delta(hash: Uint8Array): Promise<Uint8Array | undefined>;
  parameters(digest: Uint8Array): Promise<Uint8Array | undefined>;
}

export interface ScrubDeps {
  readonly store: SteadyStore;
  readonly blocks: BlockStore;
  readonly head: () => BlockEntry;
  readonly sources: ScrubSources;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
}

/** A row of the store. */
interface Row {
  readonly key: string;
  /** As people call it. */
  readonly what: string;
  /** What it must be, where its neighbours tell that. */
  readonly expected?: Uint8Array;
  /** Its bytes from elsewhere; "none" where it may just as well not be. */
  readonly bring: () => Promise<Uint8Array | "none" | undefined>;
}

export class Scrub {
  readonly #deps: ScrubDeps;
  readonly #signal: AbortSignal;
  /** What is damaged and was not to be had yet, by key. */
  readonly #open = new Map<string, Row>();
  #bytes = 0;
  #rows = 0;
  #pause = FIRST_PAUSE_MS;

  constructor(deps: ScrubDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Looks through everything time and again, until the end. */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await this.look();
      } catch (error) {
        if (!this.#signal.aborted) this.#deps.log.warn({ error }, "the store was not looked through to the end");
      }
      this.#pause = PAUSE_MS;
      for (let rested = 0; rested < REST_MS && !this.#signal.aborted; rested += AGAIN_MS) {
        await pause(this.#deps.clock, AGAIN_MS, this.#signal);
        if (this.#open.size === 0) continue;
        for (const row of [...this.#open.values()]) await this.#mend(row);
        // What lies below a block that was gone is looked at now.
        if (this.#open.size === 0) break;
      }
    }
  }

  /** Looks through everything once: the best chain from its tip down, then the deltas that are needed, then states. */
  async look(): Promise<void> {
    let at: BlockEntry | undefined = this.#deps.head();
    while (at !== undefined && at.height > 0 && !this.#signal.aborted) {
      await this.#checkBlock(at);
      at = await this.#entryUnder(at);
    }
    for (const kind of ["delta", "state"] as const) await this.#checkAll(kind);
  }

  async #checkBlock({ id, height, parameters }: BlockEntry): Promise<void> {
    const { sources, head, blocks } = this.#deps;
    const named = await this.#checkBytes(id, height);
    // Near the tip the best chain may turn meanwhile.
    if (height < head().height - blocks.retention.recent)
      await this.#check({
        key: KEYS.canonical(height),
        what: `${named} in the index`,
        expected: id,
        bring: async () => id,
      });
    for (const digest of parameters) {
      const key = KEYS.parameters(digest);
      if (!(await this.#isDamaged(key))) continue;
      await this.#found({ key, what: `parameters after ${named}`, bring: () => sources.parameters(digest) });
    }
  }

  /** A block's bytes; how it is called. */
  async #checkBytes(id: Uint8Array, height: number): Promise<string> {
    const what = `block ${height} (${toHex(id).slice(0, 16)})`;
    await this.#check({ key: KEYS.block(id), what, bring: () => this.#deps.sources.block(id) });
    return what;
  }

  /** The entry of a block's parent; where it is damaged, as the blocks tell it. */
  async #entryUnder(above: BlockEntry): Promise<BlockEntry | undefined> {
    const { blocks } = this.#deps;
    const key = KEYS.entry(above.parent);
    if (above.height <= 1) return undefined;
    if (!(await this.#isDamaged(key, true))) return blocks.entry(above.parent);
    const what = `what is known of block ${above.height - 1}`;
    await this.#checkBytes(above.parent, above.height - 1);
    await this.#found({ key, what, bring: () => blocks.entryTold(above) });
    return this.#open.has(key) ? undefined : blocks.entry(above.parent);
  }

  /** Deltas that a block or a round needs; states, which are replayed where one is damaged. */
  async #checkAll(kind: "delta" | "state"): Promise<void> {
    const { store, sources } = this.#deps;
    let last = "";
    for await (const key of store.keys(kind === "delta" ? ranges.need : ranges.state)) {
      if (this.#signal.aborted) return;
      const id = key.split("/")[1] as string;
      if (kind === "delta" && id === last) continue;
      last = id;
      if (kind === "state") {
        if (!(await this.#isDamaged(key))) continue;
        // Without its main row a state is none.
        const what = `a state (${id.slice(0, 16)})`;
        for (const gone of new Set([KEYS.state(fromHex(id) as Uint8Array), key]))
          await this.#found({ key: gone, what, bring: async () => "none" });
        continue;
      }
      const { hash, at } = needIn(key);
      const row = KEYS.delta(at, hash);
      // It may have left the store since its key was read.
      if (!(await this.#isDamaged(row, true)) || !(await this.#anyNeeds(hash))) continue;
      await this.#found({ key: row, what: `delta ${id.slice(0, 16)}`, bring: () => sources.delta(hash) });
    }
  }

  async #anyNeeds(hash: Uint8Array): Promise<boolean> {
    for await (const _ of this.#deps.store.keys({ ...ranges.needs(hash), limit: 1 })) return true;
    return false;
  }

  async #check(row: Row): Promise<void> {
    if (await this.#isDamaged(row.key, true, row.expected)) await this.#found(row);
  }

  /** Whether a row cannot be read, is not what it must be or, where it must be there, is gone. */
  async #isDamaged(key: string, must = false, expected?: Uint8Array): Promise<boolean> {
    try {
      const value = await this.#deps.store.get(key);
      await this.#turn(value?.length ?? 0);
      if (value === undefined) return must;
      return expected !== undefined && !bytesEqual(value, expected);
    } catch (error) {
      if (error instanceof PouwError && error.code === "STORE_CORRUPT") return true;
      throw error;
    }
  }

  async #found(row: Row): Promise<void> {
    if (!this.#open.has(row.key))
      this.#deps.log.error({ code: "STORE_CORRUPT", key: row.key }, `Damaged in the store: ${row.what}`);
    this.#open.set(row.key, row);
    await this.#mend(row);
    this.#tell();
  }

  async #mend({ key, what, bring }: Row): Promise<void> {
    const { store, log } = this.#deps;
    const bytes = await bring().catch(() => undefined);
    if (bytes === undefined || this.#signal.aborted) return;
    await store.batch([{ key, value: bytes === "none" ? undefined : bytes }]);
    this.#open.delete(key);
    log.info({ key }, `Mended in the store: ${what}`);
    this.#tell();
  }

  #tell(): void {
    this.#deps.events.emit("scrub", { damaged: [...this.#open.values()].map(({ what }) => what) });
  }

  async #turn(bytes: number): Promise<void> {
    this.#bytes += bytes;
    if (++this.#rows < TURN_ROWS && this.#bytes < TURN_BYTES) return;
    this.#rows = 0;
    this.#bytes = 0;
    await pause(this.#deps.clock, this.#pause, this.#signal);
  }
}
