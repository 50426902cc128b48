// Tasks of the built-in models, as a genesis would register them.
import { taskOf } from "../../src/chain/index.ts";
import { readManifest, registrationOf } from "../../src/node/parts/network.ts";
import type { Task } from "../../src/work/index.ts";

/** The task of an installed model, with some facts changed; steps are the model's own unless told. */
export const builtInTask = (model: string, changes: Partial<Task> = {}): Task => ({
  ...taskOf(registrationOf(readManifest(model))),
  ...changes,
});
