// States after blocks of any branch: in memory while recent, read from the nearest stored one and replayed from there.
import { bytesEqual, Lru, PouwError, type Refusal, storeCorrupt, toHex } from "../../base/index.ts";
import type { Applied, Rules, State } from "../../chain/index.ts";
import type { Block, Decoded } from "../../codec/index.ts";
import { checkJudged } from "../../consensus/index.ts";
import type { Log } from "../../ports/index.ts";
import { inTurns } from "../turns.ts";
import type { BlockStore } from "./block-store.ts";

const STATES_IN_MEMORY = 64;

export class States {
  readonly #genesis: State;
  readonly #blocks: BlockStore;
  readonly #rules: Rules;
  readonly #held = new Lru<string, State>(STATES_IN_MEMORY);

  constructor(genesis: State, { blocks, rules }: { readonly blocks: BlockStore; readonly rules: Rules }) {
    this.#genesis = genesis;
    this.#blocks = blocks;
    this.#rules = rules;
  }

  /** Whether the state after a block is in memory. */
  has(id: Uint8Array): boolean {
    return bytesEqual(id, this.#rules.genesis) || this.#held.has(toHex(id));
  }

  put(id: Uint8Array, state: State): void {
    this.#held.set(toHex(id), state);
  }

  /** The state after a block. Throws NOT_FOUND for a block that is not here, STORE_CORRUPT for one that breaks a rule. */
  async of(id: Uint8Array): Promise<State> {
    const replay: Decoded<Block>[] = [];
    let at = id;
    let state = await this.#known(at);
    while (state === undefined) {
      const block = await this.#blocks.block(at);
      if (block === undefined) throw new PouwError("NOT_FOUND", `block ${toHex(at)} is not here`);
      replay.push(block);
      at = block.value.header.parent;
      state = await this.#known(at);
    }
    for (const block of replay.reverse()) {
      // Its header was judged before it was stored: thousands of draws, which the state does not depend on.
      const result: Applied | Refusal = await inTurns(checkJudged(state, block.value, this.#rules));
      if (result.kind !== "state") throw storeCorrupt(`block ${toHex(block.id)} is not valid: ${result.reason}`);
      state = result.state;
      this.put(block.id, state);
    }
    return state;
  }

  /** Stores the whole states of those blocks that joined the best chain whose heights say so. Without one, those from there on are only replayed from further back: a loss of time, not of the block. */
  async keep(added: readonly Decoded<Block>[], log: Log): Promise<void> {
    for (const { id, value } of added) {
      const { height } = value.header;
      if (!this.#blocks.retention.keepsState(height)) continue;
      const failed = (error: unknown): void => log.warn({ height, error }, "a state was not stored");
      await this.#blocks.keepState(id, await this.of(id)).catch(failed);
    }
  }

  async #known(id: Uint8Array): Promise<State | undefined> {
    if (bytesEqual(id, this.#rules.genesis)) return this.#genesis;
    const held = this.#held.get(toHex(id));
    if (held !== undefined) return held;
    const stored = await this.#blocks.state(id);
    if (stored !== undefined) this.put(id, stored);
    return stored;
  }
}
