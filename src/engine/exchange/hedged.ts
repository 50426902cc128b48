// One question to several peers that can all answer it: whoever is silent costs a moment, not the whole time limit.
import type { Clock } from "../../ports/index.ts";

/** How long who is asked first for one thing is waited for before another is asked beside it, ms. */
export const HEAD_START_MS = 2_000;

export interface HedgeOptions {
  readonly clock: Pick<Clock, "after">;
  /** Without an answer in this more are asked, ms. */
  readonly afterMs: number;
  /** How many more, of as many as were asked before: one unless told. */
  readonly widen?: (asked: number) => number;
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
  { clock, afterMs, widen = () => 1, signal }: HedgeOptions,
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
      more(Math.max(1, widen(asked.size)));
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
