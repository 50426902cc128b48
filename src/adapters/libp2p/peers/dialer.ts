// Keeps the node connected: bootstrap peers always, others while there are too few. Failures back off; chance spreads the retries.
import { messageOf } from "../../../base/index.ts";
import type { Clock, Log } from "../../../ports/index.ts";
import { deadline } from "../deadline.ts";

export interface DialerOptions {
  /** Addresses that are never given up. */
  readonly bootstrap: readonly string[];
  /** Known peers are dialled while fewer than this are connected. */
  readonly minPeers: number;
}

export interface DialerDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Dials an address or, for a known peer, its id; returns the peer id. */
  dial(target: string, options: { readonly signal: AbortSignal }): Promise<string>;
  isConnected(peer: string): boolean;
  isBanned(peer: string): boolean;
  connected(): number;
  dialled(outcome: "ok" | "failed"): void;
}

interface Target {
  readonly name: string;
  readonly bootstrap: boolean;
  /** It answered once. */
  proved: boolean;
  /** Known for peers, learned by the first dial for bootstrap addresses without an id. */
  peer: string | undefined;
  failures: number;
  nextAt: number;
  dialling: boolean;
}

const BACKOFF = { firstMs: 1_000, maxMs: 60_000 };
const TICK_MS = 500;
const DIAL_MS = 10_000;
const AT_ONCE = 4;
const REMEMBERED = 256;
/** Known peers are forgotten after this many failures in a row; whoever still has them may tell us again. */
const GIVE_UP = 6;

/** Delay before the next try after `failures` in a row: doubling, capped, between half of it and all of it by chance. */
export function backoffMs(failures: number, chance: number): number {
  const full = Math.min(BACKOFF.maxMs, BACKOFF.firstMs * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (0.5 + chance / 2));
}

export class Dialer {
  readonly #minPeers: number;
  readonly #deps: DialerDeps;
  readonly #targets = new Map<string, Target>();
  readonly #stopping = new AbortController();
  #cancelTick: () => void = () => undefined;

  constructor(options: DialerOptions, deps: DialerDeps) {
    this.#minPeers = options.minPeers;
    this.#deps = deps;
    for (const address of options.bootstrap) this.#add(address, true, /\/p2p\/([^/]+)$/.exec(address)?.[1]);
  }

  start(): void {
    this.#tick();
  }

  /** A peer with known addresses: worth dialling when peers run short. `proved`: it has answered there before. */
  learn(peer: string, { proved = false }: { readonly proved?: boolean } = {}): void {
    this.#add(peer, false, peer, proved);
  }

  knows(peer: string): boolean {
    return [...this.#targets.values()].some((target) => target.peer === peer);
  }

  stop(): void {
    this.#stopping.abort();
    this.#cancelTick();
  }

  #add(name: string, bootstrap: boolean, peer: string | undefined, proved = false): void {
    const known = this.#targets.get(name);
    if (known !== undefined) known.proved ||= proved;
    if (known !== undefined) return;
    if (!bootstrap && this.#targets.size >= REMEMBERED) this.#forgetOne();
    this.#targets.set(name, { name, bootstrap, peer, proved, failures: 0, nextAt: 0, dialling: false });
  }

  /** Makes room by chance, first of those that never answered: a stranger who names many false peers must not choose who stays. */
  #forgetOne(): void {
    const mayGo = (one: Target): boolean => !one.bootstrap && !one.dialling && !this.#deps.isConnected(one.name);
    const idle = [...this.#targets.values()].filter(mayGo);
    const unproved = idle.filter((one) => !one.proved);
    const from = unproved.length > 0 ? unproved : idle;
    const out = from[Math.floor(this.#deps.random() * from.length)];
    if (out !== undefined) this.#targets.delete(out.name);
  }

  #tick(): void {
    const { clock } = this.#deps;
    const now = clock.now();
    const running = [...this.#targets.values()].filter((target) => target.dialling).length;
    let free = this.#minPeers - this.#deps.connected() - running;
    let places = AT_ONCE - running;
    for (const target of this.#targets.values()) {
      if (places <= 0) break;
      if (!this.#wants(target, now, free)) continue;
      places--;
      free--;
      void this.#dial(target);
    }
    if (!this.#stopping.signal.aborted) this.#cancelTick = clock.after(TICK_MS, () => this.#tick());
  }

  #wants(target: Target, now: number, free: number): boolean {
    const { peer } = target;
    if (target.dialling || target.nextAt > now) return false;
    if (peer !== undefined && (this.#deps.isConnected(peer) || this.#deps.isBanned(peer))) return false;
    return target.bootstrap || free > 0;
  }

  async #dial(target: Target): Promise<void> {
    const { clock } = this.#deps;
    target.dialling = true;
    const limit = deadline(clock, DIAL_MS, this.#stopping.signal);
    try {
      target.peer = await this.#deps.dial(target.name, limit);
      target.proved = true;
      target.failures = 0;
      target.nextAt = clock.now() + BACKOFF.firstMs;
      this.#deps.dialled("ok");
    } catch (error) {
      this.#noteFailure(target, error);
    } finally {
      target.dialling = false;
      limit.end();
    }
  }

  #noteFailure(target: Target, error: unknown): void {
    const { clock, log } = this.#deps;
    target.failures++;
    target.nextAt = clock.now() + backoffMs(target.failures, this.#deps.random());
    if (this.#stopping.signal.aborted) return;
    this.#deps.dialled("failed");
    const say = target.bootstrap && target.failures === 1 ? log.warn : log.debug;
    say.call(log, { target: target.name, error: messageOf(error), failures: target.failures }, "a dial failed");
    if (!target.bootstrap && target.failures >= GIVE_UP) this.#targets.delete(target.name);
  }
}
