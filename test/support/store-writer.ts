// Child process of the durability test: writes batches as fast as it can and prints each acknowledged number.
// Mode `careless` is the test's control: it speaks before it writes, and writes a batch in pieces.
import { writeSync } from "node:fs";
import { openLevelStore } from "../../src/adapters/level/index.ts";
import { durableBatch } from "./durable-batch.ts";

const [path, from, mode] = process.argv.slice(2) as [string, string, string];
const store = await openLevelStore(path);
for (let n = Number(from); ; n++) {
  if (mode === "careless") {
    writeSync(1, `${n}\n`);
    for (const write of durableBatch(n)) await store.batch([write]);
  } else {
    await store.batch(durableBatch(n));
    writeSync(1, `${n}\n`);
  }
}
