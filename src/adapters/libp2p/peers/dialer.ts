// Keeps the node connected: bootstrap peers always, others while there are too few. Failures back off; chance spreads the retries.
import { messageOf } from "../../../base/index.ts";
import type { Clock, Log } from "../../../ports/index.ts";

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
  dial(target: string, signal: AbortSignal): Promise<string>;
  isConnected(peer: string): boolean;
  isBanned(peer: string): boolean;
  connected(): number;
  dialled(outcome: "ok" | "failed"): void;
}

export interface Dialer {
  start(): void;
  /** A peer whose addresses are in the book: worth dialling when peers run short. */
  learn(peer: string): void;
  stop(): void;
}

interface Target {
  readonly name: string;
  readonly bootstrap: boolean;
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

export function createDialer(options: DialerOptions, deps: DialerDeps): Dialer {
  const targets = new Map<string, Target>();
  const stopping = new AbortController();
  let cancelTick: () => void = () => undefined;

  const add = (name: string, bootstrap: boolean, peer: string | undefined): void => {
    if (targets.has(name)) return;
    if (!bootstrap && targets.size >= REMEMBERED) forgetOne();
    targets.set(name, { name, bootstrap, peer, failures: 0, nextAt: 0, dialling: false });
  };
  /** Makes room by chance: a stranger who names many false peers must not be able to choose which ones stay. */
  function forgetOne(): void {
    const idle = [...targets.values()].filter((one) => !one.bootstrap && !one.dialling && !deps.isConnected(one.name));
    const out = idle[Math.floor(deps.random() * idle.length)];
    if (out !== undefined) targets.delete(out.name);
  }
  for (const address of options.bootstrap) add(address, true, /\/p2p\/([^/]+)$/.exec(address)?.[1]);

  function wants(target: Target, now: number, free: number): boolean {
    if (target.dialling || target.nextAt > now) return false;
    if (target.peer !== undefined && (deps.isConnected(target.peer) || deps.isBanned(target.peer))) return false;
    return target.bootstrap || free > 0;
  }

  async function dial(target: Target): Promise<void> {
    target.dialling = true;
    const given = new AbortController();
    const onStop = (): void => given.abort();
    const cancel = deps.clock.after(DIAL_MS, onStop);
    stopping.signal.addEventListener("abort", onStop, { once: true });
    try {
      target.peer = await deps.dial(target.name, given.signal);
      target.failures = 0;
      target.nextAt = deps.clock.now() + BACKOFF.firstMs;
      deps.dialled("ok");
    } catch (error) {
      target.failures++;
      target.nextAt = deps.clock.now() + backoffMs(target.failures, deps.random());
      if (stopping.signal.aborted) return;
      deps.dialled("failed");
      const say = target.bootstrap && target.failures === 1 ? deps.log.warn : deps.log.debug;
      say.call(deps.log, { target: target.name, error: messageOf(error), failures: target.failures }, "a dial failed");
      if (!target.bootstrap && target.failures >= GIVE_UP) targets.delete(target.name);
    } finally {
      target.dialling = false;
      cancel();
      stopping.signal.removeEventListener("abort", onStop);
    }
  }

  function tick(): void {
    const now = deps.clock.now();
    const running = [...targets.values()].filter((target) => target.dialling).length;
    let free = options.minPeers - deps.connected() - running;
    let places = AT_ONCE - running;
    for (const target of targets.values()) {
      if (places <= 0) break;
      if (!wants(target, now, free)) continue;
      places--;
      free--;
      void dial(target);
    }
    if (!stopping.signal.aborted) cancelTick = deps.clock.after(TICK_MS, tick);
  }

  return {
    start: tick,
    learn: (peer) => add(peer, false, peer),
    stop: () => {
      stopping.abort();
      cancelTick();
    },
  };
}
