// @ts-check
// A miner that prints its blocks, and the address to join it at. Ctrl-C stops it; started again, it goes on where it was.
//
//   node examples/mine.mjs --network devnet --dir ./mine-data
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PoUWNode } from "pouw-node";

const { values } = parseArgs({
  options: {
    network: { type: "string", default: "devnet" },
    dir: { type: "string", default: join(tmpdir(), "pouw-mine") },
  },
});
const node = await PoUWNode.create({
  role: "miner",
  network: values.network,
  dataDir: values.dir,
  // This machine only; leave it out to be reached by others.
  listen: ["/ip4/127.0.0.1/tcp/0"],
  workers: 1,
  logLevel: "warn",
});
node.on("block", ({ height, hash, own }) => {
  if (own) console.log(`block ${height} ${hash.slice(0, 16)}`);
});
process.once("SIGINT", async () => {
  await node.stop();
  console.log("stopped");
});
await node.start();
const { nodeId, addresses } = node.getStatus();
console.log(`mining as ${nodeId}`);
console.log(`join with: node examples/follow.mjs --join ${addresses[0]}`);
