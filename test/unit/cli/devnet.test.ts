// The network that a devnet makes for itself: a task for each model, in units that a core does in about half a second.
import { expect, it } from "vitest";
import { genesisHash, PROFILES } from "../../../src/chain/index.ts";
import { devnetGenesis } from "../../../src/cli/devnet-network.ts";
import { MODELS } from "../../../src/ml/index.ts";
import { genesisFor } from "../../../src/node/index.ts";

it("is the built-in devnet when nobody says what to train", () => {
  expect(genesisHash(devnetGenesis())).toEqual(genesisHash(genesisFor(PROFILES.devnet)));
});

it("has a task for every model, each once and under its name, with steps of its own", () => {
  const { tasks } = devnetGenesis(["digits-cnn", "chars-transformer", "digits-cnn"]);
  expect(tasks.map(({ name, model, steps }) => [name, model, steps])).toEqual([
    ["digits-cnn", "digits-cnn", 500],
    ["chars-transformer", "chars-transformer", 40],
  ]);
  expect(devnetGenesis(["text-transformer"]).tasks.map(({ steps }) => steps)).toEqual([2]);
  // None is refused by the caps on cheap tasks.
  expect(devnetGenesis(MODELS).tasks).toHaveLength(MODELS.length);
});
