// What all attacks are made of: identities that come back when they are thrown out, and something that is done again and again.
import { setTimeout as delay } from "node:timers/promises";
import type { Wire } from "../../src/ports/index.ts";
import { meet, openStranger, type StrangerOptions, type Target } from "./stranger.ts";

/** An attack that stands ready. */
export interface Prepared {
  /** Addresses that a newcomer is told of beside the victim's. */
  readonly lures: readonly string[];
  /** Attacks until the signal; how many things it sent. */
  run(options: { readonly signal: AbortSignal }): Promise<number>;
  close(): Promise<void>;
}

export interface Attack {
  readonly what: string;
  prepare(target: Target): Promise<Prepared>;
}

/** Identities at the door: one that was thrown out comes back under a new name. */
export class Crowd {
  readonly #target: Target;
  readonly #options: StrangerOptions;
  readonly #wires: (Wire | undefined)[];

  constructor(target: Target, size: number, options: StrangerOptions = {}) {
    this.#target = target;
    this.#options = options;
    this.#wires = Array.from({ length: size }, () => undefined);
  }

  /** Number `n` modulo the size, connected; undefined when it is not let in. */
  async member(n: number): Promise<Wire | undefined> {
    const at = n % this.#wires.length;
    const known = this.#wires[at];
    if (known !== undefined && known.peers().length > 0) return known;
    await known?.stop();
    const wire = await openStranger(this.#target, this.#options);
    this.#wires[at] = wire;
    return meet(wire, this.#target).then(
      () => wire,
      () => undefined,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#wires.map((wire) => wire?.stop()));
  }
}

/** Does it every so many milliseconds until the signal; how often it was done. A failure is the victim's defence: the next one comes soon. */
export async function again(
  everyMs: number,
  { signal }: { readonly signal: AbortSignal },
  act: (n: number) => Promise<boolean>,
): Promise<number> {
  let done = 0;
  for (let n = 0; !signal.aborted; n++) {
    const next = delay(everyMs, undefined, { signal }).catch(() => undefined);
    if (await act(n).catch(() => false)) done++;
    await next;
  }
  return done;
}
