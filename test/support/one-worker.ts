// A runtime with one worker that checks before it trains, in stretches, as the pool of the real one does: what its checks take, its units lack.
import type { Clock, Runtime, UnitRequest, UnitResult } from "../../src/ports/index.ts";

/** Stretches of a unit, checked or trained. */
const STRETCHES = 8;

interface Queued {
  readonly priority: UnitRequest["priority"];
  readonly done: () => void;
  left: number;
}

/** `instant`: gives each result at once. */
export function oneWorker(
  instant: Runtime,
  { clock, unitMs }: { readonly clock: Clock; readonly unitMs: number },
): Runtime {
  const queues: Record<UnitRequest["priority"], Queued[]> = { check: [], train: [] };
  let busy = false;
  const next = (): void => {
    const work = busy ? undefined : (queues.check.shift() ?? queues.train.shift());
    if (work === undefined) return;
    busy = true;
    clock.after(unitMs / STRETCHES, () => {
      busy = false;
      work.left--;
      if (work.left > 0) queues[work.priority].unshift(work);
      else work.done();
      next();
    });
  };
  return {
    ...instant,
    run: (request, options) =>
      new Promise<UnitResult>((resolve, reject) => {
        const done = (): void => {
          instant
            .run(request, options)
            .then((result) => resolve({ ...result, totalMs: unitMs }))
            .catch(reject);
        };
        queues[request.priority].push({ priority: request.priority, left: STRETCHES, done });
        next();
      }),
  };
}
