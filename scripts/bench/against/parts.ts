// What two checkouts are compared by: pieces of work that each does with its own code, opened by path. The types are of what is
// used, and hold for this version and the one before it; where the two differ, the one place that knows it is marked.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Contestant } from "../measure.ts";
import { timed } from "../measure.ts";

/** Does the work so many times; time for each of them. */
export type Work = (count: number) => ReturnType<Contestant>;

export interface Part {
  /** As in the table of rows. */
  readonly name: string;
  readonly what: string;
  /** How often in one call; undefined: as often as fills the time of a call. */
  readonly count?: number;
  /** One call takes many seconds, so there are fewer. */
  readonly long?: true;
  readonly open: (checkout: Checkout) => Promise<Work>;
}

export class Checkout {
  readonly dir: string;
  #unit: Promise<UnitSite> | undefined;
  #shop: Promise<Shop> | undefined;

  constructor(dir: string) {
    this.dir = dir;
  }

  load<T>(path: string): Promise<T> {
    return import(pathToFileURL(join(this.dir, path)).href) as Promise<T>;
  }
  has(path: string): boolean {
    return existsSync(join(this.dir, path));
  }

  /** A runtime of the development network's task, opened once. */
  unit(): Promise<UnitSite> {
    this.#unit ??= this.has("src/adapters/artifacts/index.ts") ? unitByTask(this) : unitByModel(this);
    return this.#unit;
  }
  shop(): Promise<Shop> {
    this.#shop ??= this.load<{ Workshop: { open(): Promise<Shop> } }>("scripts/bench/stepper.ts").then(({ Workshop }) =>
      Workshop.open(),
    );
    return this.#shop;
  }
}

interface Shop {
  stepper(
    model: unknown,
    options: { readonly batch: number; readonly lowering: string; readonly burden?: number },
  ): Promise<{ run(steps: number): Contestant }>;
}

/** A step of the exact graph; `burden` above 1 makes it slower on purpose. */
const stepPart = (name: string, model: string, batch: number, burden = 1): Part => ({
  name,
  what: `${model}, batch ${batch}: a step of the exact graph`,
  open: async (checkout) => {
    const { architecture } = await checkout.load<{ architecture(name: string): unknown }>("src/ml/index.ts");
    const shop = await checkout.shop();
    const stepper = await shop.stepper(architecture(model), { batch, lowering: "int8", burden });
    return (count) => stepper.run(count)();
  },
});

interface Result {
  readonly end: Float32Array;
  readonly digest: Uint8Array;
}

/** Whatever the version calls the parts of a unit. */
interface UnitSite {
  readonly steps: number;
  readonly start: Float32Array;
  readonly result: Result;
  readonly draws: { readonly task: object; readonly rules: object; readonly id: Uint8Array };
  run(seed: Uint8Array): Promise<Result>;
  /** A delta written, read and added. */
  delta(): Float32Array;
}

type Sha256 = (bytes: Uint8Array) => Uint8Array;
const seeds = async (checkout: Checkout): Promise<(n: number) => Uint8Array> => {
  const { sha256 } = await checkout.load<{ sha256: Sha256 }>("src/crypto/index.ts");
  return (n) => sha256(new TextEncoder().encode(`bench ${n}`));
};
const silent = async (checkout: Checkout): Promise<object> => {
  const { silentLog } = await checkout.load<{ silentLog(): object }>("src/adapters/telemetry/index.ts");
  return silentLog();
};

/** Some units from the start, so that the delta is an ordinary one. */
async function settled(
  first: Float32Array,
  seed: (n: number) => Uint8Array,
  run: (start: Float32Array, seed: Uint8Array) => Promise<Result>,
): Promise<{ readonly start: Float32Array; readonly result: Result }> {
  let start = first;
  for (let n = 0; n < 3; n++) start = (await run(start, seed(n))).end;
  return { start, result: await run(start, seed(3)) };
}

const { signal } = new AbortController();

interface TaskFacts {
  readonly id: Uint8Array;
  readonly steps: number;
  readonly model: string;
  readonly initialDigest: Uint8Array;
}
interface Codec {
  encode(layout: object, start: Float32Array, end: Float32Array): Uint8Array;
  decode(layout: object, bytes: Uint8Array): Int32Array;
}
type ApplyDelta = (layout: object, start: Float32Array, delta: Int32Array) => Float32Array;
type Run = (request: object, options: object) => Promise<Result>;

/** This version: a task has every fact, artifacts come by digest. */
async function unitByTask(checkout: Checkout): Promise<UnitSite> {
  const node = await checkout.load<{
    loadNetwork(name: string): { readonly rules: { readonly tasks: readonly [TaskFacts] } };
    readonly MODELS_DIR: string;
  }>("src/node/index.ts");
  const { createArtifacts } = await checkout.load<{
    createArtifacts(
      options: object,
      deps: object,
    ): { get(kind: string, digest: Uint8Array, options: object): Promise<Float32Array> };
  }>("src/adapters/artifacts/index.ts");
  const { openRuntime } = await checkout.load<{
    openRuntime(options: object, deps: object, run: object): Promise<{ run: Run }>;
  }>("src/adapters/onnx/index.ts");
  const { applyDelta, DELTA_CODECS } = await checkout.load<{ applyDelta: ApplyDelta; DELTA_CODECS: { exact: Codec } }>(
    "src/ml/index.ts",
  );
  const log = await silent(checkout);
  const seed = await seeds(checkout);
  const { rules } = node.loadNetwork("devnet");
  const [task] = rules.tasks;
  const artifacts = createArtifacts({ modelsDirs: [node.MODELS_DIR], dataDir: undefined }, { log });
  const options = { tasks: rules.tasks, provider: "cpu", workers: 1 };
  const runtime = await openRuntime(options, { artifacts, log }, { signal });
  const run = (from: Float32Array, of: Uint8Array) =>
    runtime.run({ task, start: from, setting: 0, seed: of, priority: "train" }, { signal });
  const first = await artifacts.get("parameters", task.initialDigest, { signal });
  const { start, result } = await settled(first, seed, run);
  const { encode, decode } = DELTA_CODECS.exact;
  const delta = () => applyDelta(task, start, decode(task, encode(task, start, result.end)));
  return { steps: task.steps, start, result, draws: { task, rules, id: task.id }, run: (of) => run(start, of), delta };
}

/** Version 0.1 as it was first landed: one model, its data opened by name. */
async function unitByModel(checkout: Checkout): Promise<UnitSite> {
  const node = await checkout.load<{
    loadNetwork(name: string): {
      readonly rules: object;
      readonly task: TaskFacts;
      readonly manifest: { readonly name: string; readonly data: { readonly name: string } };
    };
    readonly MODELS_DIR: string;
  }>("src/node/index.ts");
  const { openDataSet } = await checkout.load<{ openDataSet(name: string, options: object): Promise<object> }>(
    "src/adapters/data/index.ts",
  );
  const { openRuntime } = await checkout.load<{ openRuntime(options: object, deps: object): Promise<{ run: Run }> }>(
    "src/adapters/onnx/index.ts",
  );
  const ml = await checkout.load<{
    applyDelta: ApplyDelta;
    encodeDelta: Codec["encode"];
    decodeDelta: Codec["decode"];
    initialParameters(manifest: object): Float32Array;
  }>("src/ml/index.ts");
  const { rules, task, manifest } = node.loadNetwork("devnet");
  const seed = await seeds(checkout);
  const data = [await openDataSet(manifest.data.name, { dataDir: undefined, signal })];
  const options = { modelsDir: node.MODELS_DIR, models: [manifest.name], data, provider: "cpu", workers: 1 };
  const runtime = await openRuntime(options, { log: await silent(checkout) });
  const { model, steps } = task;
  const run = (start: Float32Array, of: Uint8Array) =>
    runtime.run({ model, start, seed: of, steps, priority: "train", delta: "exact" }, { signal });
  const { start, result } = await settled(ml.initialParameters(manifest), seed, run);
  const delta = () =>
    ml.applyDelta(manifest, start, ml.decodeDelta(manifest, ml.encodeDelta(manifest, start, result.end)));
  return { steps, start, result, draws: { task, rules, id: task.id }, run: (of) => run(start, of), delta };
}

const repeated =
  (work: (n: number) => unknown): Work =>
  (count) =>
    timed(async () => {
      for (let n = 0; n < count; n++) await work(n);
    }, count);

const unitParts: readonly Part[] = [
  {
    name: "chain/unit",
    what: "a step of a whole unit: batches, graph, digest, delta",
    count: 1,
    open: async (checkout) => {
      const { steps, run } = await checkout.unit();
      const seed = await seeds(checkout);
      let n = 0;
      return () => timed(() => run(seed(n++)), steps);
    },
  },
  {
    name: "chain/draws",
    what: "all draws of a unit that does not win",
    open: async (checkout) => {
      const { draws, result } = await checkout.unit();
      const work = await checkout.load<{
        findWin(unit: object, nonces: number, target: Uint8Array): unknown;
        noncesPerUnit(task: object, rules: object): number;
      }>("src/work/index.ts");
      const author = (await seeds(checkout))(0);
      const unit = { beacon: author, task: draws.id, round: 1, author, mlNode: 0, index: 0, digest: result.digest };
      // `start` was the name of `startDigest` in 0.1, and units had no block: each version takes its own.
      const whole = { ...unit, block: author, start: author, startDigest: author };
      const nonces = work.noncesPerUnit(draws.task, draws.rules);
      return repeated(() => work.findWin(whole, nonces, new Uint8Array(32)));
    },
  },
  {
    name: "chain/delta",
    what: "a delta written, read and added",
    open: async (checkout) => {
      const { delta } = await checkout.unit();
      return repeated(delta);
    },
  },
];

interface Chain {
  readonly blocks: readonly { readonly header: object }[];
  readonly states: readonly object[];
}
interface World {
  readonly state: object;
  readonly rules: object;
}
interface ChainBuilders {
  aWorld(genesis?: object): World;
  aKey(name: string): { readonly address: Uint8Array };
  mineChain(world: World, count: number, options: object): Chain;
}

/** Blocks of the made-up chain, and records in each. */
const CHAIN = { blocks: 16, records: 2 };

/** A network where the miners have stake, without which nobody is recorded now; 0.1 knew none. */
function staked(aWorld: ChainBuilders["aWorld"], miners: readonly { readonly address: Uint8Array }[]): World {
  const stakeOf = ({ address }: { readonly address: Uint8Array }) => ({
    address: Buffer.from(address).toString("hex"),
    amount: "0",
    stake: "1000000",
  });
  try {
    return aWorld({ allocations: miners.map(stakeOf) });
  } catch {
    return aWorld();
  }
}

const chainParts: readonly Part[] = [
  {
    name: "chain/check",
    what: "a made-up block checked and applied (its signatures are remembered)",
    open: async (checkout) => {
      const { checkBlock } = await checkout.load<{
        checkBlock(state: object, block: object, options: object, rules: object): { readonly kind: string };
      }>("src/consensus/index.ts");
      const { aWorld, mineChain, aKey } = await checkout.load<ChainBuilders>("test/support/chain.ts");
      const miners = ["a", "b", "c"].map(aKey);
      const world = staked(aWorld, miners);
      const { blocks, states } = mineChain(world, CHAIN.blocks, { miners, records: CHAIN.records });
      return repeated((n) => {
        const at = n % CHAIN.blocks;
        const found = checkBlock(states[at] as object, blocks[at] as object, {}, world.rules);
        if (found.kind !== "state") throw new Error("an honest block was refused");
      });
    },
  },
  {
    name: "chain/make",
    what: "a made-up block drafted, signed and sealed",
    open: async (checkout) => {
      const { aWorld, mineChain, aKey } = await checkout.load<ChainBuilders>("test/support/chain.ts");
      const world = aWorld();
      // Other keys each time: nothing was signed before.
      let turn = 0;
      return repeated(() => mineChain(world, 1, { miners: [aKey(`maker ${turn++}`)], records: 1 }));
    },
  },
];

const gossipPart: Part = {
  name: "gossip/cpu",
  what: "processor time of ten nodes for a message of 1 kB and one of 64 kB",
  count: 20,
  long: true,
  open: async (checkout) => {
    const { benchGossip } = await checkout.load<{
      benchGossip(
        messages: number,
      ): Promise<readonly { readonly cpuMsPerMessage: number; readonly toOneMs: { readonly p50: number } }[]>;
    }>("scripts/bench/gossip.ts");
    return async (count) => {
      const found = await benchGossip(count);
      const sum = (pick: (one: (typeof found)[number]) => number): number => found.reduce((a, one) => a + pick(one), 0);
      return { cpuMs: sum((one) => one.cpuMsPerMessage), wallMs: sum((one) => one.toOneMs.p50) };
    };
  },
};

/** Shown beside each other: this checkout and itself, and itself made slower on purpose. */
export const CONTROL = {
  same: stepPart("control/same", "digits-mlp", 32),
  slow: stepPart("control/slow", "digits-mlp", 32, 1.1),
};

export const PARTS: readonly Part[] = [
  ...["digits-mlp", "digits-cnn", "chars-transformer"].flatMap((model) =>
    [32, 128].map((batch) => stepPart(`steps/${model}/${batch}`, model, batch)),
  ),
  ...unitParts,
  ...chainParts,
  gossipPart,
];

/** Rows of the table that are not compared with another checkout, and why. */
export const NO_COUNTERPART: readonly (readonly [rows: string, why: string])[] = [
  [
    "chain/verify, follow, replay, reexecute, training",
    "each version mines a chain of its own, of a length that is luck",
  ],
  ["chain/open, memory, write, write-bytes, import", "measured against goals of their own; 0.1 has no such rows"],
  ["torch/...", "PyTorch is the same for both: see steps/..."],
  ["gossip/.../p50, p99", "wall time, which others on the machine decide: see gossip/cpu"],
];
