// The network of a devnet: a genesis file of its own in the devnet's directory, for the models that it was asked to train.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PouwError } from "../base/index.ts";
import { type Genesis, PROFILES } from "../chain/index.ts";
import { MODELS } from "../ml/index.ts";
import { didYouMean, genesisFor } from "../node/index.ts";

/** Trained when nobody says what. */
const USUAL = ["digits-mlp"];
/** Steps that take about a second on one core at most, so that a small network soon shows something. Other models: as many as is usual for them. */
const STEPS: { readonly [model: string]: number } = {
  "digits-mlp": 2000,
  "digits-cnn": 500,
  "chars-transformer": 40,
  "text-transformer": 2,
};

/** A genesis that trains `models`, each as the task of its name. Throws BAD_CONFIG for a model that there is not. */
export function devnetGenesis(models: readonly string[] = USUAL): Genesis {
  for (const model of models) {
    if (MODELS.includes(model)) continue;
    throw new PouwError("BAD_CONFIG", `--task names no model here: "${model}"${didYouMean(model, MODELS)}.`, {
      remedy: `Choose among ${MODELS.join(", ")}.`,
    });
  }
  const tasks = [...new Set(models)].map((model) => {
    const steps = STEPS[model];
    return steps === undefined ? { model } : { model, steps };
  });
  return genesisFor(PROFILES.devnet, tasks);
}

/** Writes the genesis file into `dir`; its path. */
export function writeGenesis(dir: string, genesis: Genesis): string {
  const path = join(dir, "genesis.json");
  mkdirSync(dir, { recursive: true });
  writeFileSync(path, `${JSON.stringify(genesis, undefined, 2)}\n`);
  return path;
}
