// @ts-check
// Follows a network: at every new height it prints where each task stands. Two followers that agree print the same digests.
//
//   node examples/follow.mjs --join /ip4/127.0.0.1/tcp/9444/p2p/12D3Koo... --network devnet
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PoUWNode } from "pouw-node";

const { values } = parseArgs({
  options: {
    join: { type: "string", multiple: true, default: [] },
    network: { type: "string", default: "devnet" },
    dir: { type: "string", default: join(tmpdir(), "pouw-follow") },
  },
});
const node = await PoUWNode.create({
  bootstrap: values.join,
  network: values.network,
  dataDir: values.dir,
  // This machine only; leave it out to be reached by others.
  listen: ["/ip4/127.0.0.1/tcp/0"],
  logLevel: "warn",
});
node.on("block", ({ height }) => {
  const { tasks } = node.getStatus();
  const lines = tasks.map(
    ({ name, round, accuracy, parametersDigest }) =>
      `${name} round ${round} ${parametersDigest.slice(0, 16)} accuracy ${accuracy?.toFixed(3) ?? "not known yet"}`,
  );
  console.log(`height ${height}: ${lines.join("; ")}`);
});
process.once("SIGINT", async () => {
  await node.stop();
  console.log("stopped");
});
await node.start();
console.log(`following as ${node.getStatus().peerId}`);
