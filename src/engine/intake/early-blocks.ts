// Blocks from the future: kept while that is soon, and judged again when their time has come, since it may be this clock that is behind (protocol section 10).
import { messageOf, Shares, toHex, type Verdict } from "../../base/index.ts";
import type { Rules } from "../../chain/index.ts";
import type { Clock, Log, Wire } from "../../ports/index.ts";

/** A block whose time comes later than this is not waited for, ms. */
const LONGEST_MS = 120_000;
/** Blocks that are kept. Nothing of them but their signature is checked yet. */
const PLACES = { perPeer: 4, perGroup: 8, inAll: 16 };

export interface EarlyBlocksDeps {
  readonly rules: Pick<Rules, "maxFutureMs">;
  readonly clock: Clock;
  readonly wire: Pick<Wire, "punish">;
  readonly groupOf: (peer: string) => string;
  readonly log: Log;
}

/** A block whose header says a time to come, and who brought it. */
export interface EarlyBlock {
  readonly id: Uint8Array;
  readonly time: number;
  readonly from: string;
}

export class EarlyBlocks {
  readonly #deps: EarlyBlocksDeps;
  readonly #signal: AbortSignal;
  readonly #places: Shares;
  readonly #kept = new Set<string>();

  constructor(deps: EarlyBlocksDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
    this.#places = new Shares(PLACES, deps.groupOf);
  }

  /** Has a block judged once its time has come, if that is soon and there is room. It is not relayed then: who wants it asks. */
  keep({ id, time, from }: EarlyBlock, judge: () => Promise<Verdict>): void {
    const { rules, clock } = this.#deps;
    const name = toHex(id);
    const waitMs = time - rules.maxFutureMs - clock.wallTime();
    if (this.#kept.has(name) || waitMs > LONGEST_MS) return;
    const leave = this.#places.take(from);
    if (leave === undefined) return;
    this.#kept.add(name);
    const cancel = clock.after(waitMs, () => {
      this.#signal.removeEventListener("abort", cancel);
      this.#kept.delete(name);
      leave();
      void this.#judge(from, judge);
    });
    this.#signal.addEventListener("abort", cancel, { once: true });
  }

  async #judge(from: string, judge: () => Promise<Verdict>): Promise<void> {
    const { wire, log } = this.#deps;
    try {
      const verdict = await judge();
      if (verdict.kind === "reject") wire.punish(from, verdict.reason);
    } catch (error) {
      if (!this.#signal.aborted) log.debug({ reason: messageOf(error) }, "an early block could not be judged");
    }
  }
}
