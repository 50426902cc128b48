// One execution provider of onnxruntime in this thread: loads the package, opens sessions, runs them. Used inside training workers.
import { messageOf, PouwError } from "../../base/index.ts";
import type { Provider } from "./messages.ts";
import { disableTelemetry } from "./telemetry.ts";

/** The part of onnxruntime that both packages share. Each has a tensor class of its own, so feeds are built with `tensor`. */
interface Ort {
  readonly env: {
    logLevel?: string;
    readonly versions: { readonly node?: string; readonly web?: string };
    wasm: { numThreads?: number; proxy?: boolean };
  };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<RawSession> };
  readonly Tensor: new (type: Feed["type"], data: Feed["data"], dims: readonly number[]) => OrtTensor;
}
interface OrtTensor {
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
  readonly dims: readonly number[];
  dispose(): void;
}
interface RawSession {
  run(feeds: { readonly [name: string]: OrtTensor }): Promise<{ readonly [name: string]: OrtTensor }>;
  release(): Promise<void>;
}

const LEVELS = ["disabled", "basic", "extended", "all"] as const;
export interface OrtOptions {
  /** Threads inside one operator. More workers beat more threads, so the node uses 1; conformance also tries 2. */
  readonly threads?: number;
  readonly level?: (typeof LEVELS)[number];
}

/** A tensor on its way into a graph. */
export interface Feed {
  readonly type: "float32" | "int32" | "int64" | "uint8" | "int8";
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;
  readonly dims: readonly number[];
}
export type Feeds = { readonly [name: string]: Feed };
/** Values of a graph's outputs, copied out of the runtime's memory. */
export type Outputs = { readonly [name: string]: Float32Array | Int32Array };

export interface OrtSession {
  /** Blocks this thread until the graph has ended. `ms` is the time inside the runtime. */
  run(feeds: Feeds): Promise<{ readonly outputs: Outputs; readonly ms: number }>;
  close(): Promise<void>;
}

export interface OrtProvider {
  readonly name: Provider;
  /** The package behind it and its version. */
  readonly library: string;
  /** Opens a graph; throws CAPABILITY_ABSENT with the runtime's reason when the provider cannot run it. */
  open(model: Uint8Array): Promise<OrtSession>;
}

/** Loads the package of `provider`. Throws CAPABILITY_ABSENT when it is not installed or does not load here. */
export async function openProvider(provider: Provider, options: OrtOptions = {}): Promise<OrtProvider> {
  const ort = await loadPackage(provider);
  // Its reasons go to stderr otherwise, past every log; what matters of them is in the errors that it throws.
  ort.env.logLevel = "fatal";
  if (provider === "wasm") {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.proxy = false;
  }
  return {
    name: provider,
    library: `${packageOf(provider)} ${versionOf(ort, provider)}`,
    async open(model) {
      try {
        return graph(ort, await ort.InferenceSession.create(model, sessionOptions(provider, options)));
      } catch (error) {
        throw new PouwError("CAPABILITY_ABSENT", messageOf(error), { cause: error });
      }
    },
  };
}

const packageOf = (provider: Provider): string => (provider === "wasm" ? "onnxruntime-web" : "onnxruntime-node");
const versionOf = ({ env }: Ort, provider: Provider): string =>
  (provider === "wasm" ? env.versions.web : env.versions.node) ?? "of an unknown version";

async function loadPackage(provider: Provider): Promise<Ort> {
  disableTelemetry();
  try {
    const loaded: unknown = provider === "wasm" ? await import("onnxruntime-web") : await import("onnxruntime-node");
    const { default: inner } = loaded as { readonly default?: unknown };
    return (inner !== undefined && inner !== null ? inner : loaded) as Ort;
  } catch (error) {
    throw new PouwError("CAPABILITY_ABSENT", `the package ${packageOf(provider)} does not load: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function sessionOptions(provider: Provider, { threads = 1, level = "basic" }: OrtOptions): object {
  return {
    executionProviders: [provider],
    graphOptimizationLevel: level,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: 4,
  };
}

function graph(ort: Ort, session: RawSession): OrtSession {
  return {
    async run(feeds) {
      const tensors: { [name: string]: OrtTensor } = {};
      for (const [name, { type, data, dims }] of Object.entries(feeds))
        tensors[name] = new ort.Tensor(type, data, dims);
      const begin = performance.now();
      const answers = await session.run(tensors);
      const ms = performance.now() - begin;
      const outputs: { [name: string]: Float32Array | Int32Array } = {};
      for (const [name, tensor] of Object.entries(answers)) {
        outputs[name] = (tensor.data as Float32Array | Int32Array).slice();
        tensor.dispose();
      }
      return { outputs, ms };
    },
    close: () => session.release(),
  };
}
