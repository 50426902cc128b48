// What strangers do to a node for as long as they are let. A new attack is a row here.
import { setTimeout as delay } from "node:timers/promises";
import { Block, BlockNotice } from "../../src/codec/index.ts";
import type { Wire } from "../../src/ports/index.ts";
import { aStranger, forgedBlock } from "./forge.ts";
import { Follower, meet, openStranger, type Target } from "./stranger.ts";

export interface Attack {
  readonly what: string;
  /** Attacks until the signal; how many things it sent. */
  run(target: Target, options: { readonly signal: AbortSignal }): Promise<number>;
}

/** Identities at the door: one that was thrown out comes back under a new name. */
class Crowd {
  readonly #target: Target;
  readonly #wires: Wire[] = [];
  readonly #size: number;
  /** Times that one was thrown out. */
  lost = 0;

  constructor(target: Target, size: number) {
    this.#target = target;
    this.#size = size;
  }

  /** Number `n` modulo the size, connected; undefined when it is not let in. */
  async member(n: number): Promise<Wire | undefined> {
    const at = n % this.#size;
    const known = this.#wires[at];
    if (known !== undefined && known.peers().length > 0) return known;
    if (known !== undefined) {
      this.lost++;
      await known.stop();
    }
    const wire = await openStranger(this.#target);
    this.#wires[at] = wire;
    try {
      await meet(wire, this.#target);
      return wire;
    } catch {
      return undefined;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#wires.map((wire) => wire.stop()));
  }
}

/** Forged wins of made-up keys, so many milliseconds apart, from a crowd. */
const forgedWins = (size: number, everyMs: number): Attack => ({
  what: `a forged win upon the head every ${everyMs} ms, from ${size} connection${size > 1 ? "s" : ""} that come back under new names`,
  async run(target, { signal }) {
    const follower = await Follower.open(target);
    const crowd = new Crowd(target, size);
    let sent = 0;
    try {
      for (let n = 0; !signal.aborted; n++) {
        const next = delay(everyMs, undefined, { signal }).catch(() => undefined);
        try {
          const block = forgedBlock(await follower.catchUp(), aStranger(), target.network);
          const wire = await crowd.member(n);
          await wire?.publish("block", BlockNotice.of(Block.wrap(block)));
          if (wire !== undefined) sent++;
        } catch {
          // Thrown out in the middle, or the head went on: the next one comes soon.
        }
        await next;
      }
      return sent;
    } finally {
      await crowd.close();
      await follower.stop();
    }
  },
});

export const ATTACKS: { readonly [name: string]: Attack } = {
  "forged-wins": forgedWins(1, 333),
  "forged-wins-8": forgedWins(8, 333),
};
