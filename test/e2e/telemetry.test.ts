// Nothing leaves the machine but the node's own protocol: the native runtime's telemetry leaves files below the user's cache and looks names up; here it is off.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CliProcess, needBuild } from "../support/cli-process.ts";
import { eventually } from "../support/e2e-lab.ts";

/** The library has written within two seconds of its loading. */
const LISTEN_MS = 8_000;
const ORT = createRequire(import.meta.url).resolve("onnxruntime-node");
const MODEL = join(import.meta.dirname, "../../models/digits-mlp/eval.onnx");
/** Machines that test others' changes set one of these, and there the library keeps still by itself: the control would find nothing, and the test prove nothing. */
const BY_ITSELF = [
  ...["CI", "TF_BUILD", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "TRAVIS", "JENKINS_URL", "BUILDKITE"],
  ...["CODEBUILD_BUILD_ID", "TEAMCITY_VERSION", "APPVEYOR", "BITBUCKET_BUILD_NUMBER", "ORT_DISABLE_TELEMETRY"],
];
const LOAD = `require(${JSON.stringify(ORT)}).InferenceSession.create(${JSON.stringify(MODEL)});setInterval(() => {}, 1000)`;

let dir: string;
let child: CliProcess | undefined;
beforeAll(needBuild);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pouw-telemetry-"));
  mkdirSync(join(dir, "home"));
});
afterEach(async () => {
  child?.signal("SIGKILL");
  await child?.exit;
  rmSync(dir, { recursive: true, force: true });
});

/** A process with a home of its own, in which nobody has switched the telemetry off. */
function start(args: readonly string[], program?: string): CliProcess {
  const HOME = join(dir, "home");
  const unset = Object.fromEntries(BY_ITSELF.map((name) => [name, undefined]));
  const env = { ...unset, HOME, XDG_CACHE_HOME: join(HOME, ".cache"), XDG_CONFIG_HOME: join(HOME, ".config") };
  child = new CliProcess(args, { cwd: dir, env, ...(program === undefined ? {} : { program }) });
  return child;
}

const filesAtHome = (): string[] => readdirSync(join(dir, "home"), { recursive: true, encoding: "utf8" });

describe.skipIf(process.platform === "win32")("telemetry of the native runtime", () => {
  it("is off in a node that trains: nothing is written at home", async () => {
    const place = ["--data-dir", join(dir, "data"), "--listen", "/ip4/127.0.0.1/tcp/0", "--api-port", "off"];
    const node = start(["start", "--role", "miner", "--workers", "1", "--json", ...place]);
    await node.until(() => (node.out.includes('"event":"unit"') ? true : undefined), "a unit", 120_000);
    await delay(LISTEN_MS);
    expect(filesAtHome()).toEqual([]);
  });

  it("would be on: the library writes there when it is loaded by itself (the control)", async () => {
    start([LOAD], "-e");
    expect(await eventually(() => filesAtHome().find((file) => file.includes("onnxruntime")), "a file")).toBeDefined();
  });
});
