// A writer is killed with SIGKILL at moments drawn by chance: what it was told is written is there, and no batch is torn.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openLevelStore } from "../../src/adapters/level/index.ts";
import { PARTS, partKey, partValue } from "../support/durable-batch.ts";

const KILLS = 6;
const WRITER = fileURLToPath(new URL("../support/store-writer.ts", import.meta.url));

/** Runs the writer from number `from`, kills it `ms` after its first word; the last acknowledged number. */
async function killedWriter(path: string, from: number, ms: number): Promise<number> {
  const child = spawn(process.execPath, ["--import", "tsx", WRITER, path, String(from)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let last = from - 1;
  const lines = createInterface({ input: child.stdout });
  const ended = once(lines, "close");
  const first = once(lines, "line", { signal: AbortSignal.timeout(15_000) });
  lines.on("line", (line) => {
    last = Number(line);
  });
  await first;
  await delay(ms);
  child.kill("SIGKILL");
  expect((await exited)[1]).toBe("SIGKILL");
  await ended;
  return last;
}

it(`keeps every acknowledged batch whole over ${KILLS} kills`, async () => {
  const dir = mkdtempSync(join(tmpdir(), "pouw-kill-"));
  try {
    let from = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const acknowledged = await killedWriter(join(dir, "chain"), from, Math.random() * 250);
      expect(acknowledged).toBeGreaterThanOrEqual(from);
      const store = await openLevelStore(join(dir, "chain"));
      const found = new Map<string, Uint8Array>();
      for await (const [key, value] of store.entries({ gte: "batch/", lt: "batch0" })) found.set(key, value);
      const latest = await store.get("latest");
      await store.close();
      // The batch in flight at the kill may be there too, but then whole.
      const total = found.size / PARTS;
      expect(total === acknowledged + 1 || total === acknowledged + 2, `${total} of ${acknowledged + 1}`).toBe(true);
      for (let n = 0; n < total; n++)
        for (let part = 0; part < PARTS; part++)
          if (!Buffer.from(partValue(n, part)).equals(found.get(partKey(n, part)) ?? new Uint8Array(0)))
            throw new Error(`part ${part} of batch ${n} is wrong or missing after kill ${kill}`);
      expect(latest).toEqual(partValue(total - 1, 1));
      from = total;
    }
    expect(from).toBeGreaterThan(KILLS * 2);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
