// Why a provider is absent, as far as it can be named, and what a person can do about it: the exact command, as far as it is known.
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { messageOf } from "../../base/index.ts";
import type { Provider } from "./messages.ts";

const require = createRequire(import.meta.url);
const PLATFORM = `${process.platform}/${process.arch}`;
const CUDA_FILE = "libonnxruntime_providers_cuda.so";
const NATIVE =
  "Install the native runtime: `npm install --ignore-scripts onnxruntime-node` (or start with `ONNXRUNTIME_NODE_INSTALL=skip npx pouw-node`).";

/** The next step when `provider` was refused here; undefined when there is none. */
export function remedyFor(provider: Provider, folder: string | undefined = nativePackage()): string | undefined {
  if (provider === "wasm") return "Install pouw-node again: onnxruntime-web is part of it.";
  if (folder === undefined) return NATIVE;
  if (provider === "cuda") return cudaRemedy(folder);
  if (provider === "webgpu")
    return "Install the driver of a GPU for Vulkan, Metal or Direct3D 12, on Linux the loader too (Debian: libvulkan1); docs/gpu.md has more.";
  return undefined;
}

/** The installed package knows which CUDA it was built for, and on which platforms. */
function cudaRemedy(folder: string): string {
  const script = join(folder, "script", "install.js");
  const { requirements } = require(join(folder, "script", "install-metadata.js")) as {
    readonly requirements: { readonly [platform: string]: readonly string[] | undefined };
  };
  const build = requirements[PLATFORM]?.find((name) => name.startsWith("cuda"));
  if (build === undefined) return `onnxruntime-node brings no CUDA for ${PLATFORM}: train on cpu, or on webgpu.`;
  const version = build.replace("cuda", "CUDA ");
  const command = `ONNXRUNTIME_NODE_INSTALL=${build} node ${script}`;
  return `With an NVIDIA driver, ${version} and its cuDNN on this machine, fetch the provider: \`${command}\`.`;
}

/** Why `provider` was refused: onnxruntime says of a missing library only that there is one, not which, and of a missing device where in its code. */
export function reasonFor(provider: Provider, reason: string, folder: string | undefined = nativePackage()): string {
  if (provider === "webgpu" && reason.includes("Failed to get a WebGPU adapter"))
    return "no device here that WebGPU can use";
  if (provider !== "cuda" || folder === undefined || !reason.includes("Failed to load shared library")) return reason;
  const bin = join(folder, "bin");
  const [napi] = readdirSync(bin);
  const file = join(bin, napi ?? "", PLATFORM, CUDA_FILE);
  if (!existsSync(file)) return `${CUDA_FILE} is not installed`;
  try {
    // It is no module of Node: the loader names the library that is missing, or gets as far as saying so.
    process.dlopen({ exports: {} }, file);
    return reason;
  } catch (error) {
    return `${CUDA_FILE} does not load: ${messageOf(error)}`;
  }
}

/** Folder of the optional package onnxruntime-node, found without loading it. */
function nativePackage(): string | undefined {
  try {
    return dirname(require.resolve("onnxruntime-node/package.json"));
  } catch {
    return undefined;
  }
}
