import { it } from "vitest";
import { Lab } from "../support/lab.ts";

it("measures 500 blocks", async () => {
  const lab = new Lab();
  const miner = await lab.node("m", { mines: true });
  await lab.mine(miner, 500, 1);
  const joiner = await lab.node("j", { oneWorker: true, unitMs: 400 });
  const cpu = process.cpuUsage();
  const began = performance.now();
  await lab.connect(joiner, miner);
  const took = await lab.clock.run(3_000_000, () => joiner.engine.ledger.head.height >= 500);
  const { user, system } = process.cpuUsage(cpu);
  console.log("MEASURED", {
    height: joiner.engine.ledger.head.height,
    virtualMs: took,
    cpuMs: (user + system) / 1000,
    wallMs: performance.now() - began,
    target: joiner.engine.sync.target,
  });
  await lab.close();
}, 600_000);
