// One question to several peers that can all answer it: whoever is silent costs a moment, not the whole time limit.
import { isMalformed } from "../../base/index.ts";
import type { Clock, Wire } from "../../ports/index.ts";

/** How long who is asked first for one thing is waited for before another is asked beside it, ms. */
const HEAD_START_MS = 2_000;

export interface HedgeOptions {
  readonly clock: Pick<Clock, "after">;
  /** Without an answer in this more are asked, ms. */
  readonly afterMs: number;
  /** As many more as were asked before; one unless told. */
  readonly doubles?: boolean;
  readonly signal: AbortSignal;
}

export interface Won<T> {
  readonly peer: string;
  readonly answer: T;
  /** Asked before and silent still. */
  readonly slow: readonly string[];
}

/**
 * Asks the first candidate, then more until one has an answer; the questions to the others are given up. `candidates` are those of
 * the moment: who comes late is asked too. `ask` resolves with undefined, and never throws, where a peer has none: the next is asked at once.
 * Undefined when nobody has an answer.
 */
export function hedged<T>(
  candidates: () => readonly string[],
  ask: (peer: string, signal: AbortSignal) => Promise<T | undefined>,
  { clock, afterMs, doubles = false, signal }: HedgeOptions,
): Promise<Won<T> | undefined> {
  const stop = new AbortController();
  const asked = new Set<string>();
  const silent = new Set<string>();
  let cancel = (): void => undefined;
  const race = new Promise<Won<T> | undefined>((resolve) => {
    const more = (count: number): void => {
      const fresh = stop.signal.aborted ? [] : candidates().filter((peer) => !asked.has(peer));
      for (const peer of fresh.slice(0, count)) void start(peer);
      if (silent.size === 0) resolve(undefined);
    };
    const start = async (peer: string): Promise<void> => {
      const before = [...silent];
      asked.add(peer);
      silent.add(peer);
      const answer = await ask(peer, stop.signal);
      silent.delete(peer);
      if (answer === undefined) more(1);
      else resolve({ peer, answer, slow: before.filter((other) => silent.has(other)) });
    };
    const askMore = (): void => {
      more(doubles ? Math.max(1, asked.size) : 1);
      cancel = clock.after(afterMs, askMore);
    };
    askMore();
    stop.signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const end = (): void => stop.abort(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  return race.finally(() => {
    cancel();
    signal.removeEventListener("abort", end);
    end();
  });
}

/** One thing that candidates may have. */
export interface Wanted<T> {
  readonly fetch: (peer: string, signal: AbortSignal) => Promise<T | undefined>;
  /** Whether it is what was asked for. */
  readonly isRight: (served: T) => boolean | Promise<boolean>;
  /** Said of who serves something else. */
  readonly complaint: string;
}

/** The right answer of whoever has it first: candidates are asked in order, the next beside one that is silent. Who serves rubbish is punished. */
export async function firstServed<T>(
  { fetch, isRight, complaint }: Wanted<T>,
  candidates: readonly string[],
  { wire, clock }: { readonly wire: Pick<Wire, "punish">; readonly clock: Pick<Clock, "after"> },
  { signal }: { readonly signal: AbortSignal },
): Promise<T | undefined> {
  const ask = async (peer: string, timely: AbortSignal): Promise<T | undefined> => {
    try {
      const served = await fetch(peer, timely);
      if (served === undefined || (await isRight(served))) return served;
      wire.punish(peer, complaint);
    } catch (error) {
      if (isMalformed(error)) wire.punish(peer, error.message);
    }
    return undefined;
  };
  return (await hedged(() => candidates, ask, { clock, afterMs: HEAD_START_MS, signal }))?.answer;
}
