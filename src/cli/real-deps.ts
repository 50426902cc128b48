// The commands' real collaborators. What trains or speaks libp2p loads when a command needs it, so that the others are quick.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { silentLog } from "../adapters/telemetry/index.ts";
import { PouwError } from "../base/index.ts";
import { SETTINGS_TABLE } from "../node/index.ts";
import type { CliDeps } from "./deps.ts";

export const realDeps: CliDeps = {
  settings: SETTINGS_TABLE,
  async createNode(options, parts) {
    const { PoUWNode } = await import("../node/index.ts");
    return PoUWNode.create(options, parts);
  },
  async diagnose(options, run) {
    const { diagnose } = await import("../node/index.ts");
    return diagnose(options, run);
  },
  async bench(options, run) {
    const { bench } = await import("../node/index.ts");
    return bench(options, run);
  },
  async verify(options, run) {
    // LevelDB would make an empty store where there is none, and an empty chain always holds.
    if (!existsSync(join(options.dataDir, "chain")))
      throw new PouwError("NOT_FOUND", `There is no chain in ${options.dataDir}.`, {
        remedy: "Name the node's directory with --data-dir.",
      });
    const { verifyChain } = await import("../node/index.ts");
    return verifyChain(options, { ...run, log: silentLog() });
  },
};
