// A network by name or genesis file, made whole with the model it trains.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, messageOf, PouwError, toHex } from "../../base/index.ts";
import {
  createGenesis,
  type Genesis,
  type GenesisProfile,
  PROFILES,
  type Rules,
  readGenesis,
  rulesOf,
} from "../../chain/index.ts";
import {
  DATA_DIGESTS,
  initialParameters,
  type ModelManifest,
  parametersDigest,
  parseManifest,
} from "../../ml/index.ts";
import type { Task } from "../../work/index.ts";
import { MODELS_DIR } from "../paths.ts";

/** The model that the built-in networks train. */
export const DEFAULT_MODEL = "digits-mlp";

export interface Network {
  readonly genesis: Genesis;
  readonly rules: Rules;
  readonly task: Task;
  readonly manifest: ModelManifest;
}

/** The manifest of a built-in model. Throws BAD_MODEL. */
export function readManifest(model: string): ModelManifest {
  const path = join(MODELS_DIR, model, "model.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new PouwError("BAD_MODEL", `There is no model ${model} in this installation.`, {
      remedy: "Install the version of pouw-node that the network runs.",
      cause,
    });
  }
  return parseManifest(text);
}

/** A genesis from a profile and a model that comes with the package. */
export function genesisFor(profile: GenesisProfile, model: string): Genesis {
  const manifest = readManifest(model);
  const { name, parameterCount, macsPerStep, files } = manifest;
  const initial = parametersDigest(manifest, initialParameters(manifest));
  return createGenesis(
    profile,
    { name, parameterCount, macsPerStep, trainDigest: files.train.sha256 },
    toHex(initial),
    DATA_DIGESTS[manifest.data.name],
  );
}

/** `devnet`, `testnet`, or the path of a genesis file. Throws BAD_GENESIS, BAD_MODEL. */
export function loadNetwork(name: string): Network {
  return networkOf(
    name === "devnet" || name === "testnet" ? genesisFor(PROFILES[name], DEFAULT_MODEL) : readFile(name),
  );
}

/** A genesis with its model; checks that this version's model is the one it names. Throws BAD_GENESIS, BAD_MODEL. */
export function networkOf(genesis: Genesis): Network {
  const manifest = readManifest(genesis.task.model);
  if (
    genesis.task.modelDigest !== manifest.files.train.sha256 ||
    genesis.task.dataDigest !== DATA_DIGESTS[manifest.data.name]
  ) {
    throw new PouwError(
      "BAD_GENESIS",
      `The genesis names another ${manifest.name} graph or data set than this version has.`,
      {
        remedy: "Install the version of pouw-node that the network runs.",
      },
    );
  }
  const rules = rulesOf(genesis);
  return { genesis, rules, task: rules.tasks[0] as Task, manifest };
}

function readFile(path: string): Genesis {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
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
  return readGenesis(text);
}

/** Addresses as given in settings, in bytes. */
export const addressesOf = (texts: readonly string[]): Uint8Array[] => texts.map((text) => fromHex(text) as Uint8Array);
