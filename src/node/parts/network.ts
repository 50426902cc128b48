// A network by name or genesis file, and whether this installation's models and data are those that its tasks name.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, PouwError, parseAddress, toHex, withoutMark } from "../../base/index.ts";
import {
  BUILT_IN_TASKS,
  canonicalJson,
  createGenesis,
  type Genesis,
  type GenesisProfile,
  type GenesisTask,
  PROFILES,
  type Rules,
  readGenesis,
  rulesOf,
} from "../../chain/index.ts";
import { initialParameters, KNOWN_DATA, type ModelManifest, parametersDigest, parseManifest } from "../../ml/index.ts";
import { MODELS_DIR } from "../paths.ts";

export interface Network {
  readonly genesis: Genesis;
  readonly rules: Rules;
}

/** What a task of a new genesis is made of: a model that is installed, and what the model leaves open. */
export interface TaskChoice {
  readonly model: string;
  /** Default: the model's name. */
  readonly name?: string;
  /** S; default: the model's own. */
  readonly steps?: number;
}

/** The manifest of an installed model, or of one in `modelsDirs`, those of plugins. Throws BAD_MODEL. */
export function readManifest(model: string, modelsDirs: readonly string[] = []): ModelManifest {
  const paths = [MODELS_DIR, ...modelsDirs].map((dir) => join(dir, model, "model.json"));
  const path = paths.find((it) => existsSync(it)) ?? (paths[0] as string);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new PouwError("BAD_MODEL", `There is no model ${model} in this installation.`, {
      remedy: "Install the version of pouw-node that the network runs, or load the plugin that brings the model.",
      cause,
    });
  }
  return parseManifest(text);
}

/** Every fact of a task, from its model's manifest and the data set that it reads. */
export function registrationOf(manifest: ModelManifest, choice: Omit<TaskChoice, "model"> = {}): GenesisTask {
  const { digest, splits, evalStride } = KNOWN_DATA[manifest.data.name];
  const range = ([from, to]: readonly [number, number]): [number, number] => [from, to];
  return {
    name: choice.name ?? manifest.name,
    model: manifest.name,
    kind: manifest.task.kind,
    trainDigest: manifest.files.train.sha256,
    evalDigest: manifest.files.eval.sha256,
    initialDigest: toHex(parametersDigest(manifest, initialParameters(manifest, 0))),
    initSeed: manifest.initSeed,
    data: {
      name: manifest.data.name,
      digest,
      inputs: manifest.data.inputs.map(({ name, shape, limit }) => ({
        name,
        dtype: "uint8",
        shape: [...shape],
        limit,
      })),
      window: manifest.data.window,
      evalStride,
      splits: { train: range(splits.train), validation: range(splits.validation), test: range(splits.test) },
    },
    steps: choice.steps ?? manifest.defaultSteps,
    batch: manifest.batchSize,
    evalBatch: manifest.evalBatch,
    predictionsPerSample: manifest.predictionsPerSample,
    noise: [...manifest.noise],
    optimizer: { kind: manifest.optimizer.kind, settings: manifest.optimizer.settings.map(decimals) },
    parameters: manifest.parameters.map(({ name, shape, exponent, init }) => ({
      name,
      shape: [...shape],
      exponent,
      init: init.kind === "normal" ? { kind: init.kind, std: `${init.std}` } : { kind: init.kind },
    })),
    parameterCount: manifest.parameterCount,
    effort: manifest.effort,
    codec: "exact",
    aggregation: "mean",
  };
}

/** Numbers with fractions as a genesis holds them. */
const decimals = (setting: object): { [name: string]: string } =>
  Object.fromEntries(Object.entries(setting).map(([name, value]) => [name, `${value}`]));

/** A genesis from a profile and models that come with the package or lie in `modelsDirs`. Throws BAD_MODEL, BAD_GENESIS. */
export function genesisFor(
  profile: GenesisProfile,
  tasks: readonly TaskChoice[] = BUILT_IN_TASKS,
  modelsDirs: readonly string[] = [],
): Genesis {
  return createGenesis(
    profile,
    tasks.map((choice) => registrationOf(readManifest(choice.model, modelsDirs), choice)),
  );
}

const isBuiltIn = (name: string): name is keyof typeof PROFILES => Object.hasOwn(PROFILES, name);

/** `devnet`, `testnet` or the path of a genesis file, whose models may lie in `modelsDirs` too. Throws BAD_GENESIS, BAD_MODEL. */
export function loadNetwork(name: string, modelsDirs: readonly string[] = []): Network {
  const built = isBuiltIn(name) ? genesisFor(PROFILES[name]) : undefined;
  const genesis = built ?? readFile(name);
  if (built === undefined) for (const task of genesis.tasks) checkInstalled(task, modelsDirs);
  return { genesis, rules: rulesOf(genesis) };
}

/** Compares each fact of a registration with the installed model's and its data's. Throws BAD_GENESIS naming both values. */
function checkInstalled(task: GenesisTask, modelsDirs: readonly string[]): void {
  const { name, steps, codec, aggregation } = task;
  const installed = { ...registrationOf(readManifest(task.model, modelsDirs), { name, steps }), codec, aggregation };
  const found = firstDifference(task, installed, []);
  if (found === undefined) return;
  const show = (value: unknown): string => (value === undefined ? "nothing" : canonicalJson(value).slice(0, 200));
  const { path, theirs, ours } = found;
  const what = `The genesis says ${path.join(".")} ${show(theirs)} of task ${name}, the model ${task.model} here has ${show(ours)}.`;
  throw new PouwError("BAD_GENESIS", what, {
    remedy: "Correct the genesis file, or install the version of pouw-node that the network runs.",
  });
}

interface Difference {
  readonly path: readonly string[];
  readonly theirs: unknown;
  readonly ours: unknown;
}

/** The first fact that differs, however deep it lies: a whole list of parameters would not show which. Plain lists count as one fact. */
function firstDifference(theirs: unknown, ours: unknown, path: readonly string[]): Difference | undefined {
  if (!isGroup(theirs) || !isGroup(ours))
    return canonicalJson(theirs) === canonicalJson(ours) ? undefined : { path, theirs, ours };
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const found = firstDifference(theirs[key], ours[key], [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isGroup(value: unknown): value is { readonly [key: string]: unknown } {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) || value.some((item) => typeof item === "object");
}

function readFile(path: string): Genesis {
  let text: string;
  try {
    text = withoutMark(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new PouwError(
      "BAD_GENESIS",
      `${path} is neither a built-in network nor a readable genesis file: ${messageOf(cause)}.`,
      {
        remedy: "Use --network devnet, --network testnet or the path of a genesis file.",
        cause,
      },
    );
  }
  try {
    return readGenesis(text);
  } catch (cause) {
    if (!(cause instanceof PouwError) || cause.code !== "BAD_GENESIS") throw cause;
    const remedy = "Correct the file, or take the one of whoever runs the network.";
    throw new PouwError("BAD_GENESIS", `${path}: ${cause.message}`, { remedy, cause });
  }
}

/** Addresses as given in settings, in bytes. Throws BAD_ID for one of another network. */
export const addressesOf = (texts: readonly string[], { rules }: Network): Uint8Array[] =>
  texts.map((text) => parseAddress(text, rules.network));

/** Name of the network that a setting means, without reading its tasks. Throws BAD_GENESIS. */
export const networkName = (setting: string): string => (isBuiltIn(setting) ? setting : readFile(setting).network);
