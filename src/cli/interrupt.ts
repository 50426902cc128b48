// Ctrl-C: the first stops cleanly, the second ends the process at once.
import { EXIT } from "./exit-codes.ts";
import { type Io, say } from "./io.ts";

export interface Interrupts {
  /** Aborted by the first interrupt. */
  readonly signal: AbortSignal;
  /** Lets go of the process's signals. */
  release(): void;
}

/** Takes over interrupts until `release`. `word` is what the first one says, e.g. `Stopping the node`. */
export function catchInterrupts(io: Io, word: string): Interrupts {
  const abort = new AbortController();
  const release = io.onInterrupt(() => {
    if (abort.signal.aborted) {
      io.exit(EXIT.interrupted);
      return;
    }
    say(io, `${word} ... (once more to end at once)`);
    abort.abort();
  });
  return { signal: abort.signal, release };
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Waits `ms`, or less when `signal` aborts. */
export function pause(ms: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
