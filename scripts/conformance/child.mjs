// One process of the conformance check: runs a job's units on one provider and prints the digests, computed here a second time.
// Plain JavaScript without the project's own code, so that it starts quickly under an emulated processor too.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [, , jobPath, caseText] = process.argv;
const job = JSON.parse(readFileSync(jobPath, "utf8"));
const { provider, threads, level, runs } = JSON.parse(caseText);
const bytesOf = (name) => new Uint8Array(readFileSync(join(dirname(jobPath), name))).slice();
const floats = (name) => new Float32Array(bytesOf(name).buffer);
const integers = (name) => new Int32Array(bytesOf(name).buffer);
const size = (shape) => shape.reduce((product, extent) => product * extent, 1);

function digest(flat) {
  const view = new DataView(new ArrayBuffer(4 * flat.length));
  flat.forEach((value, i) => {
    if (!Number.isFinite(value)) throw new Error(`parameter ${i} is ${value}`);
    view.setFloat32(4 * i, value === 0 ? 0 : value, true);
  });
  return createHash("sha256").update(new Uint8Array(view.buffer)).digest("hex");
}

async function load() {
  if (provider !== "wasm") return createRequire(import.meta.url)("onnxruntime-node");
  const web = await import("onnxruntime-web");
  web.env.wasm.numThreads = 1;
  return web;
}

const ort = await load();
ort.env.logLevel = "fatal";
const session = await ort.InferenceSession.create(bytesOf("train.onnx"), {
  executionProviders: [provider],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: level,
  logSeverityLevel: 4,
});

async function unit(start, setting, at) {
  const feeds = {
    steps: new ort.Tensor("int64", BigInt64Array.of(BigInt(job.steps)), []),
    setting: new ort.Tensor("int64", BigInt64Array.of(BigInt(setting)), []),
  };
  for (const name of ["batch", ...job.noise]) {
    const values = integers(`${name}.${at}`);
    feeds[name] = new ort.Tensor("int32", values, [job.steps, values.length / job.steps]);
  }
  for (const { name, shape, file } of job.data) feeds[name] = new ort.Tensor("uint8", bytesOf(file), shape);
  let from = 0;
  for (const { name, shape } of job.parameters) {
    feeds[name] = new ort.Tensor("float32", start.slice(from, from + size(shape)), shape);
    from += size(shape);
  }
  const outputs = await session.run(feeds);
  const end = new Float32Array(start.length);
  from = 0;
  for (const { name } of job.parameters) {
    end.set(outputs[`next.${name}`].data, from);
    from += outputs[`next.${name}`].data.length;
  }
  return end;
}

const answers = [];
for (let run = 0; run < runs; run++) {
  let state = floats("start.f32");
  const digests = [digest(state)];
  for (const [at, { setting }] of job.units.entries()) {
    state = await unit(state, setting, at);
    digests.push(digest(state));
  }
  answers.push(digests);
}
process.stdout.write(JSON.stringify(answers));
