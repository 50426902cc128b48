// The cases of the conformance check: the same units in other processes, with other threads, levels, providers and processors.
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { initialParameters, type ModelManifest, vectorInputs } from "../../src/ml/index.ts";

const CHILD = fileURLToPath(new URL("./child.mjs", import.meta.url));
const run = promisify(execFile);
const EMULATOR = "qemu-x86_64";
/** An emulated processor takes some 50 times as long: minutes for the large model. */
const LIMIT_MS = 900_000;

export interface Case {
  readonly label: string;
  readonly provider: "cpu" | "wasm";
  readonly threads: number;
  readonly level: "disabled" | "basic" | "extended" | "all";
  /** How often the units are run, from the start, in one process. */
  readonly runs: number;
  /** QEMU's name of the processor to emulate. */
  readonly processor: string | undefined;
}

const base = { provider: "cpu", threads: 1, level: "basic", runs: 1, processor: undefined } as const;
export const CASES: readonly Case[] = [
  { ...base, label: "native, twice in one process", runs: 2 },
  { ...base, label: "native, another process" },
  { ...base, label: "native, 2 threads", threads: 2 },
  ...(["disabled", "extended", "all"] as const).map((level) => ({ ...base, label: `native, level ${level}`, level })),
  { ...base, label: "native, 2 threads, level all", threads: 2, level: "all" },
  { ...base, label: "WASM", provider: "wasm", runs: 2 },
];
/** No AVX; AVX; AVX2 and FMA. */
export const EMULATED: readonly Case[] = ["Nehalem", "SandyBridge", "Haswell"].map((processor) => ({
  ...base,
  label: `native, emulated ${processor}`,
  processor,
}));

export interface Job {
  /** Path of the job's description. */
  readonly path: string;
}

/** Units to run: as in vectors.json, or of another size. */
export interface Units {
  readonly seed: string;
  readonly samples: number;
  readonly steps: number;
  readonly units: number;
}

/** Writes what a child needs into `folder`: graph, start, data and batches as plain bytes. */
export async function writeJob(folder: string, manifest: ModelManifest, train: Uint8Array, units: Units): Promise<Job> {
  await mkdir(folder, { recursive: true });
  const { data, units: drawn } = vectorInputs({ ...manifest, batch: manifest.batchSize }, units);
  const raw = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength);
  const files: [string, Uint8Array][] = [
    ["train.onnx", train],
    ["start.f32", raw(initialParameters(manifest, 0))],
    ...data.map((tensor): [string, Uint8Array] => [`data.${tensor.name}`, tensor.data]),
    ...drawn.flatMap(({ batch, noise }, i): [string, Uint8Array][] => [
      [`batch.${i}`, raw(batch)],
      ...noise.map((values, n): [string, Uint8Array] => [`${manifest.noise[n]?.name}.${i}`, raw(values)]),
    ]),
  ];
  for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
  const path = join(folder, "job.json");
  const description = {
    steps: units.steps,
    batchSize: manifest.batchSize,
    data: data.map(({ name, shape }) => ({ name, shape, file: `data.${name}` })),
    parameters: manifest.parameters.map(({ name, shape }) => ({ name, shape })),
    noise: manifest.noise.map(({ name }) => name),
    units: drawn.map(({ setting }) => ({ setting })),
  };
  await writeFile(path, JSON.stringify(description));
  return { path };
}

/** Digests in hex, one list per run: of the start, then after each unit. Throws what the child said when it failed. */
export async function runCase(job: Job, { processor, ...how }: Case): Promise<readonly (readonly string[])[]> {
  const node = [process.execPath, CHILD, job.path, JSON.stringify(how)];
  const [command, ...args] = processor === undefined ? node : [EMULATOR, "-cpu", processor, ...node];
  const { stdout } = await run(command as string, args, { timeout: LIMIT_MS, maxBuffer: 1 << 20 });
  return JSON.parse(stdout) as string[][];
}

/** Why a case cannot run on this machine; undefined when it can. */
export async function obstacle({ processor }: Case): Promise<string | undefined> {
  if (processor === undefined) return undefined;
  if (process.platform !== "linux" || process.arch !== "x64") return "emulation is for Linux on x64";
  try {
    await run(EMULATOR, ["--version"]);
    return undefined;
  } catch {
    return "qemu-x86_64 is not installed (Debian package qemu-user)";
  }
}
