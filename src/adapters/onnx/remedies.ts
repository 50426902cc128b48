// What a person can do about a provider that is absent: the exact command, as far as it is known.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Provider } from "./messages.ts";

const NATIVE =
  "Install the native runtime: npm install --ignore-scripts onnxruntime-node (or start with ONNXRUNTIME_NODE_INSTALL=skip npx pouw-node).";

/** The next step when `provider` was refused here; undefined when there is none. */
export function remedyFor(provider: Provider): string | undefined {
  if (provider === "wasm") return "Install pouw-node again: onnxruntime-web is part of it.";
  const folder = nativePackage();
  if (folder === undefined) return NATIVE;
  if (provider === "cuda") {
    const install = `ONNXRUNTIME_NODE_INSTALL=cuda12 node ${join(folder, "script", "install.js")}`;
    return `With an NVIDIA driver, CUDA 12 and cuDNN 9 on this machine (Linux, x64), fetch the provider: ${install}`;
  }
  if (provider === "webgpu")
    return "WebGPU needs a Vulkan, Metal or Direct3D 12 driver that this machine does not offer.";
  return undefined;
}

/** Folder of the optional package onnxruntime-node, found without loading it. */
function nativePackage(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  } catch {
    return undefined;
  }
}
