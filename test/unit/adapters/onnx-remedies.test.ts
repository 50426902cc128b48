// What a GPU provider lacks: of a library onnxruntime says only that it could not load one, of a device where in its code it asked.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { reasonFor, remedyFor } from "../../../src/adapters/onnx/remedies.ts";

const SAID = "OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library";
let folder: string;
let bin: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pouw-ort-"));
  bin = join(folder, "bin", "napi-v6", process.platform, process.arch);
  mkdirSync(bin, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("is the provider itself where it was never fetched", () => {
  expect(reasonFor("cuda", SAID, folder)).toBe("libonnxruntime_providers_cuda.so is not installed");
});

it("is what the loader names where the provider is there and does not load", () => {
  writeFileSync(join(bin, "libonnxruntime_providers_cuda.so"), "no library");
  expect(reasonFor("cuda", SAID, folder)).toMatch(
    /^libonnxruntime_providers_cuda\.so does not load: .*(short|ELF|header|image)/,
  );
});

it("is a device where WebGPU finds none, and its driver is the remedy", () => {
  const said = "/src/webgpu_context.cc:136 was false. Failed to get a WebGPU adapter: No supported adapters";
  expect(reasonFor("webgpu", said, folder)).toBe("no device here that WebGPU can use");
  expect(remedyFor("webgpu", folder)).toMatch(/^Install the driver of a GPU for Vulkan.*libvulkan1/);
});

it("is left as it was said for anything else", () => {
  expect(reasonFor("cuda", "no device", folder)).toBe("no device");
  expect(reasonFor("webgpu", SAID, folder)).toBe(SAID);
  expect(reasonFor("cuda", SAID, undefined)).not.toContain("no device");
});

it.each([
  [["cuda13"], /^With an NVIDIA driver, CUDA 13 and its cuDNN .* `ONNXRUNTIME_NODE_INSTALL=cuda13 node .*install\.js`/],
  [[], /^onnxruntime-node brings no CUDA for /],
])("is mended as the installed package says, which brings %j", (builds, remedy) => {
  mkdirSync(join(folder, "script"));
  const requirements = JSON.stringify({ [`${process.platform}/${process.arch}`]: builds });
  writeFileSync(join(folder, "script", "install-metadata.js"), `exports.requirements = ${requirements};`);
  expect(remedyFor("cuda", folder)).toMatch(remedy);
});
