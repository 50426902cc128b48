// Who brought a block, to pay for it if its unit is forged and whoever passes such a block on should have checked it (protocol section 5).
import { Lru, toHex } from "../../base/index.ts";
import type { Wire } from "../../ports/index.ts";
import type { Ledger } from "../chain/index.ts";
import type { PeerOrigin } from "../origin.ts";
import type { BlockEntry } from "../storage/index.ts";

/** Strikes for a forged unit: a ban at once. */
const FORGED_STRIKES = 3;
/** States in which the author had no collateral to speak of: whoever passed its block on saw one of them. */
const STATES = 12;
const MAX_SOURCES = 1024;

export interface SourcesDeps {
  readonly wire: Pick<Wire, "punish">;
  readonly ledger: Pick<Ledger, "stateOf" | "rules">;
}

export class Sources {
  readonly #deps: SourcesDeps;
  readonly #brought = new Lru<string, PeerOrigin>(MAX_SOURCES);

  constructor(deps: SourcesDeps) {
    this.#deps = deps;
  }

  /** Whoever brings it later brought nothing. */
  note(id: Uint8Array, origin: PeerOrigin): void {
    if (!this.#brought.has(toHex(id))) this.#brought.set(toHex(id), origin);
  }

  /** Peer id of the connection that brought a block first. */
  of(id: Uint8Array): string | undefined {
    return this.#brought.get(toHex(id))?.from;
  }

  /** Bans the connection that brought a forged block, unless it may have passed it on unchecked. */
  async blame(forged: BlockEntry, reason: string): Promise<void> {
    const from = this.of(forged.id);
    if (from === undefined || !(await this.#shouldHaveChecked(forged))) return;
    for (let i = 0; i < FORGED_STRIKES; i++) this.#deps.wire.punish(from, reason);
  }

  /** Whether the author had less than half of `provisional` in every state of the last blocks: nobody's policy lets such a block pass. */
  async #shouldHaveChecked({ parent, miner }: BlockEntry): Promise<boolean> {
    const { ledger } = this.#deps;
    let id: Uint8Array = parent;
    for (let i = 0; i < STATES; i++) {
      const state = await ledger.stateOf(id);
      if (2n * state.collateralOf(miner) >= ledger.rules.provisional) return false;
      if (state.height === 0) return true;
      id = state.tip.parent;
    }
    return true;
  }
}
