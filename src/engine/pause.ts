// A pause by the injected clock that no stop of the node waits for.
import type { Clock } from "../ports/index.ts";

/** Resolves after `ms`, or when `signal` aborts; leaves no timer and no listener behind. */
export function pause(clock: Pick<Clock, "after">, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
