// Child process of the durability test: writes batches as fast as it can and prints each acknowledged number.
import { writeSync } from "node:fs";
import { openLevelStore } from "../../src/adapters/level/index.ts";
import { durableBatch } from "./durable-batch.ts";

const [path, from] = process.argv.slice(2) as [string, string];
const store = await openLevelStore(path);
for (let n = Number(from); ; n++) {
  await store.batch(durableBatch(n));
  writeSync(1, `${n}\n`);
}
