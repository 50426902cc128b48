// The commands' real collaborators. What trains or speaks libp2p loads when a command needs it, so that the others are quick.
import type { CliDeps } from "./deps.ts";

export const realDeps: CliDeps = {
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
    const { verifyChain } = await import("../node/index.ts");
    return verifyChain(options, run);
  },
};
