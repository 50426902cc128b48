// Keys that signed a forged unit: this node hears nothing of theirs for a while. Its own judgement, no rule of the chain (protocol section 5).
import { Lru, toHex } from "../../base/index.ts";
import type { Rules } from "../../chain/index.ts";
import type { EventBus } from "../events.ts";

/** Keys remembered: each cost whoever made it a win, and us a check. */
const MAX_KEYS = 1024;

export class KeyBans {
  readonly #blocks: number;
  /** Key -> height of the head from which it is heard again. */
  readonly #until = new Lru<string, number>(MAX_KEYS);
  #height = 0;

  /** A ban lasts as many blocks as one that the chain puts on an offender. */
  constructor({ banBlocks }: Pick<Rules, "banBlocks">, events: EventBus) {
    this.#blocks = banBlocks;
    events.on("head", ({ tip }) => {
      this.#height = tip.height;
    });
  }

  ban(key: Uint8Array): void {
    this.#until.set(toHex(key), this.#height + this.#blocks);
  }

  has(key: Uint8Array): boolean {
    const until = this.#until.get(toHex(key));
    return until !== undefined && this.#height < until;
  }
}
