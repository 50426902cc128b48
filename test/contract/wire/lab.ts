// Tools for wire tests: a recorder for what a wire's handlers see, waiting with a limit, a system clock, silent log and metrics.
import { ACCEPT, type Verdict } from "../../../src/base/index.ts";
import type { Protocol, Topic } from "../../../src/codec/index.ts";
import type { Clock, Log, Metrics, Wire, WireHandlers } from "../../../src/ports/index.ts";

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly data: object;
  readonly sentence: string;
}

/** A log that keeps its lines. */
export function memoryLog(lines: LogLine[] = []): Log & { readonly lines: readonly LogLine[] } {
  const at = (level: LogLine["level"]) => (data: object, sentence: string) => {
    lines.push({ level, data, sentence });
  };
  return {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => memoryLog(lines),
  };
}

/** Metrics that keep counters' sums and gauges' last values under `name{labels}`. */
export function memoryMetrics(): Metrics & { readonly values: Map<string, number> } {
  const values = new Map<string, number>();
  const key = (name: string, labels: object = {}): string => `${name}${JSON.stringify(labels)}`;
  return {
    values,
    counter: (name) => ({
      add: (value = 1, labels) => values.set(key(name, labels), (values.get(key(name, labels)) ?? 0) + value),
    }),
    gauge: (name) => ({ set: (value, labels) => values.set(key(name, labels), value) }),
    histogram: (name) => ({
      observe: (_value, labels) => values.set(key(name, labels), (values.get(key(name, labels)) ?? 0) + 1),
    }),
  };
}

/** Resolves when `ready` is true; fails with `what` after `limitMs`. */
export async function until(what: string, ready: () => boolean, limitMs = 15_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!ready()) {
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await new Promise((next) => setTimeout(next, 10));
  }
}

export const within = (ms: number): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(ms) });
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** A Buffer would break the inside in quiet ways: its slice() is a view. */
function plainBytes(data: Uint8Array): void {
  if (Object.getPrototypeOf(data) !== Uint8Array.prototype) throw new Error("not a plain Uint8Array");
}

interface Heard {
  readonly topic: Topic;
  readonly text: string;
  readonly from: string;
  readonly author: string;
}

export interface Recorder {
  readonly handlers: WireHandlers;
  readonly heard: Heard[];
  readonly connected: string[];
  readonly disconnected: string[];
  readonly hears: (text: string) => boolean;
}

export interface Behaviour {
  readonly judge?: (text: string) => Verdict;
  readonly answer?: (protocol: Protocol, data: Uint8Array, from: string) => Promise<Uint8Array>;
}

/** Handlers that write down what they see; accept everything and echo requests unless told otherwise. */
export function recorder(behaviour: Behaviour = {}): Recorder {
  const heard: Heard[] = [];
  const connected: string[] = [];
  const disconnected: string[] = [];
  const handlers: WireHandlers = {
    gossip: async (topic, data, source) => {
      plainBytes(data);
      heard.push({ topic, text: text(data), ...source });
      return behaviour.judge?.(text(data)) ?? ACCEPT;
    },
    request: async (protocol, data, from) => {
      plainBytes(data);
      return behaviour.answer === undefined ? data : await behaviour.answer(protocol, data, from);
    },
    connected: (peer) => void connected.push(peer),
    disconnected: (peer) => void disconnected.push(peer),
  };
  return { handlers, heard, connected, disconnected, hears: (wanted) => heard.some((one) => one.text === wanted) };
}

/** `from` dials `to` and both have said `connected`. */
export async function join(from: Wire, to: Wire): Promise<void> {
  const peer = await from.connect(to.addresses()[0] as string, within(10_000));
  if (peer !== to.peerId) throw new Error(`connected to ${peer} instead of ${to.peerId}`);
  await until("the other side of a connection", () => to.peers().some((one) => one.id === from.peerId));
}

/** Publishes probes `label 1`, `label 2`, ... until `heard` answers true: gossip meshes take a moment to form. */
export async function untilGossips(from: Wire, label: string, heard: (text: string) => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  for (let n = 1; Date.now() < end; n++) {
    await from.publish("transaction", bytes(`${label} ${n}`));
    const wait = Date.now() + 250;
    while (Date.now() < wait) {
      for (let i = 1; i <= n; i++) if (heard(`${label} ${i}`)) return;
      await new Promise((next) => setTimeout(next, 10));
    }
  }
  throw new Error(`no probe "${label}" arrived`);
}
