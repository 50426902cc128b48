// Row: how long a check waits for a worker that trains, in units. A check goes before training, but a stretch that has begun is ended first.
import { createArtifacts } from "../../src/adapters/artifacts/index.ts";
import { openRuntime } from "../../src/adapters/onnx/index.ts";
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { utf8 } from "../../src/base/index.ts";
import { sha256 } from "../../src/crypto/index.ts";
import { loadNetwork, MODELS_DIR } from "../../src/node/index.ts";
import type { Runtime, UnitRequest } from "../../src/ports/index.ts";
import type { Task } from "../../src/work/index.ts";
import { quantile, spread } from "./measure.ts";
import { atMost, type Bench, figure, type Row } from "./rows.ts";

const NAME = "checks/wait";
const CHECKS = { quick: 20, full: 100 };
/** The protocol's promise: a check waits for a stretch, not for a unit. */
const GOAL = 0.2;

const pause = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));
const { signal } = new AbortController();

/** The times that checks waited, and those that units took, ms. */
interface Times {
  readonly waits: number[];
  readonly units: number[];
}

/** Trains without a pause on the only worker while checks come at moments that go by no clock of its own. */
async function measure(runtime: Runtime, request: (n: number) => Omit<UnitRequest, "priority">, count: number) {
  const times: Times = { waits: [], units: [] };
  let over = false;
  const training = (async () => {
    for (let n = 0; !over; n++)
      times.units.push((await runtime.run({ ...request(n), priority: "train" }, { signal })).totalMs);
  })();
  for (let n = 0; n < count; n++) {
    // From 0 to 1.6 units after the last check, in an order that no period of the training follows.
    await pause(((n * 37) % 100) * 0.016 * (spread(times.units).median || 500));
    const begin = performance.now();
    const { totalMs } = await runtime.run({ ...request(n), priority: "check" }, { signal });
    times.waits.push(performance.now() - begin - totalMs);
  }
  over = true;
  await training;
  return times;
}

/** `checks/wait`. */
export async function checkRows(bench: Bench): Promise<Row[]> {
  if (!bench.wants(NAME)) return [];
  const log = silentLog();
  const { tasks } = loadNetwork("devnet").rules;
  const [task] = tasks as [Task];
  const artifacts = createArtifacts({ modelsDirs: [MODELS_DIR], dataDir: "." }, { log });
  const runtime = await openRuntime({ tasks, provider: "cpu", workers: 1 }, { artifacts, log }, { signal });
  try {
    const start = await artifacts.get("parameters", task.initialDigest, { signal });
    if (start === undefined) throw new Error(`${task.model} has no first parameters here`);
    const count = bench.quick ? CHECKS.quick : CHECKS.full;
    bench.progress(`${count} checks beside training`);
    const request = (n: number) => ({ task, start, setting: 0, seed: sha256(utf8(`bench ${n}`)) });
    const { waits, units } = await measure(runtime, request, count);
    const unitMs = spread(units).median;
    const shares = waits.map((wait) => wait / unitMs);
    const p99 = quantile(shares, 0.99);
    const title = { name: NAME, what: "a check waits for a training worker, 99 of 100 / unit", unit: "%" } as const;
    const detail = { "median %": 100 * quantile(shares, 0.5), "unit ms": unitMs, checks: count };
    return [figure(title, { median: p99, low: p99, high: p99, count }, { goal: atMost(GOAL), detail })];
  } finally {
    await runtime.close();
  }
}
