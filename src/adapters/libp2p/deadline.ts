// Waiting on the injected clock: deadlines that a caller may bring forward, and pauses that a signal ends.
import { setMaxListeners } from "node:events";
import type { Clock } from "../../ports/index.ts";

export interface Deadline {
  /** Aborts at the deadline, or with the caller's signal. */
  readonly signal: AbortSignal;
  /** Frees the timer; call it always. */
  end(): void;
}

/** Aborts after `ms`, or earlier with `outer`. Made by hand because AbortSignal.any can be collected too early on Node 20. */
export function deadline(clock: Clock, ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  // One signal of the caller may stand for hundreds of requests; Node would warn at the eleventh.
  if (outer !== undefined) setMaxListeners(0, outer);
  setMaxListeners(0, controller.signal);
  const onAbort = (): void => controller.abort(outer?.reason);
  const cancel = clock.after(ms, () => controller.abort(new Error(`no answer within ${ms} ms`)));
  if (outer?.aborted === true) onAbort();
  else outer?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    end: () => {
      cancel();
      outer?.removeEventListener("abort", onAbort);
    },
  };
}

/** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
export function pause(clock: Clock, ms: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
