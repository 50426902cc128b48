// The doctor's probes of disk and ports: each in the good case and in the one that people meet.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLevelStore } from "../../src/adapters/level/index.ts";
import { createWallet, parseOptions, walletPath } from "../../src/node/index.ts";
import { probeAccount, probeApi, probeListen, probeStore } from "../../src/node/tools/doctor-probes.ts";

let dir: string;
let server: Server | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pouw-doctor-"));
});
afterEach(async () => {
  const open = server;
  server = undefined;
  if (open !== undefined) await new Promise((resolve) => open.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

const options = (more: object = {}) => parseOptions({ dataDir: join(dir, "data"), ...more }, dir);
async function takenPort(): Promise<number> {
  const it = createServer();
  server = it;
  await new Promise<void>((resolve) => it.listen(0, "127.0.0.1", resolve));
  return (it.address() as { port: number }).port;
}

describe("store", () => {
  it("is ready when it will be made, is there, is in use, or is not wanted", async () => {
    expect(await probeStore(options())).toMatchObject({
      state: "ready",
      reason: expect.stringContaining("will be made"),
    });
    const store = await openLevelStore(join(dir, "data", "chain"));
    expect(await probeStore(options())).toMatchObject({
      state: "ready",
      reason: expect.stringContaining("running node"),
    });
    await store.close();
    expect(await probeStore(options())).toMatchObject({ state: "ready", reason: join(dir, "data", "chain") });
    expect(await probeStore(options({ ephemeral: true }))).toMatchObject({ state: "ready" });
  });

  it("is absent when damaged, with the remedy", async () => {
    await (await openLevelStore(join(dir, "data", "chain"))).close();
    writeFileSync(join(dir, "data", "chain", "CURRENT"), "junk\n");
    const report = await probeStore(options());
    expect(report).toMatchObject({ state: "absent", reason: expect.stringContaining("damaged") });
    expect(report.remedy).toContain("Stop the node");
  });
});

describe("account", () => {
  it("is ready before the first start and after, and warns of a file that others may read", () => {
    expect(probeAccount(options())).toMatchObject({ state: "ready", remedy: undefined });
    createWallet(join(dir, "data"));
    expect(probeAccount(options())).toMatchObject({ state: "ready", reason: walletPath(join(dir, "data")) });
    expect(probeAccount(options({ accountSecret: "11".repeat(32) })).reason).toBe("from the settings");
  });

  it("is absent when its file is damaged", () => {
    mkdirSync(join(dir, "data"));
    writeFileSync(walletPath(join(dir, "data")), "{");
    expect(probeAccount(options())).toMatchObject({ state: "absent", remedy: expect.stringContaining("Restore") });
  });
});

describe("ports", () => {
  it("that were asked for must be free", async () => {
    const port = await takenPort();
    const listen = await probeListen({ listen: [`/ip4/127.0.0.1/tcp/${port}`] });
    expect(listen).toMatchObject({ state: "absent", remedy: expect.stringContaining("--listen") });
    const api = await probeApi({ apiHost: "127.0.0.1", apiPort: port });
    expect(api).toMatchObject({ state: "absent", remedy: expect.stringContaining("--api-port") });
  });

  it("that nobody asked for never stand in the way", async () => {
    expect((await probeListen({ listen: [] })).state).toBe("ready");
    expect((await probeApi({ apiHost: "127.0.0.1", apiPort: "auto" })).state).toBe("ready");
    expect(await probeApi({ apiHost: "127.0.0.1", apiPort: 0 })).toMatchObject({ reason: "127.0.0.1, a free port" });
    expect((await probeApi({ apiHost: "127.0.0.1", apiPort: "off" })).state).toBe("off");
  });

  it("are free again after the probe", async () => {
    const port = await takenPort();
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    for (let i = 0; i < 2; i++)
      expect((await probeListen({ listen: [`/ip4/127.0.0.1/tcp/${port}`] })).state).toBe("ready");
  });
});
