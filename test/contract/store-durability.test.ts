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
async function killedWriter(path: string, from: number, ms: number, mode: string): Promise<number> {
  const child = spawn(process.execPath, ["--import", "tsx", WRITER, path, String(from), mode], {
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

/** What is wrong with the store after a kill, and how many batches it holds. */
async function inspect(path: string, acknowledged: number): Promise<{ total: number; wrong: string | undefined }> {
  const store = await openLevelStore(path);
  const found = new Map<string, Uint8Array>();
  for await (const [key, value] of store.entries({ gte: "batch/", lt: "batch0" })) found.set(key, value);
  const latest = await store.get("latest");
  await store.close();
  const total = found.size / PARTS;
  const whole = Math.ceil(total);
  const bad = (why: string) => ({ total: whole, wrong: `${why} (${total} batches, ${acknowledged + 1} acknowledged)` });
  for (let n = 0; n < whole; n++)
    for (let part = 0; part < PARTS; part++)
      if (!Buffer.from(partValue(n, part)).equals(found.get(partKey(n, part)) ?? new Uint8Array(0)))
        return bad(`part ${part} of batch ${n} is wrong or missing`);
  // The batch in flight at the kill may be there too, but then whole.
  if (total !== acknowledged + 1 && total !== acknowledged + 2) return bad("acknowledged batches are missing");
  if (!Buffer.from(partValue(total - 1, 1)).equals(latest ?? new Uint8Array(0))) return bad("the last batch is torn");
  return { total, wrong: undefined };
}

async function complaints(mode: "honest" | "careless"): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), "pouw-kill-"));
  const found: string[] = [];
  try {
    let from = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const path = join(dir, "chain");
      const acknowledged = await killedWriter(path, from, Math.random() * 250, mode);
      expect(acknowledged).toBeGreaterThanOrEqual(from);
      const { total, wrong } = await inspect(path, acknowledged);
      if (wrong !== undefined) {
        found.push(wrong);
        break;
      }
      from = total;
    }
    return found;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

it(`keeps every acknowledged batch whole over ${KILLS} kills`, async () => {
  expect(await complaints("honest")).toEqual([]);
});

it("would see a writer that speaks too soon and writes in pieces", async () => {
  expect(await complaints("careless")).toHaveLength(1);
});
