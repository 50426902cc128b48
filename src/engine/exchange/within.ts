// A time limit on one piece of asynchronous work, by the injected clock: a simulation's hours do not wait for real seconds.
import { PouwError } from "../../base/index.ts";
import type { Clock } from "../../ports/index.ts";

/** Runs `work` with a signal that aborts after `ms` or with `signal`; leaves no timer and no listener behind. Throws WIRE_TIMEOUT if `work` heeds the signal. */
export async function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const stop = (): void => limit.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  const cancel = clock.after(ms, () => limit.abort(new PouwError("WIRE_TIMEOUT", `no answer within ${ms} ms`)));
  try {
    return await work(limit.signal);
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
  }
}
