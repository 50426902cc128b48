// What the libp2p wire does beyond the contract: identity and files, finding and keeping peers, networks that do not mix.
import { createSocket } from "node:dgram";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Libp2pWireOptions } from "../../../src/adapters/libp2p/index.ts";
import { networkPrefix } from "../../../src/adapters/libp2p/index.ts";
import type { Wire } from "../../../src/ports/index.ts";
import { bytes, join, type Recorder, recorder, systemClock, until, untilGossips, within } from "./lab.ts";
import { makeWire } from "./libp2p-lab.ts";

const open: Wire[] = [];
const directories: string[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((wire) => wire.stop()));
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

async function node(options: Partial<Libp2pWireOptions> = {}): Promise<{ wire: Wire; log: Recorder }> {
  const wire = await makeWire(options);
  open.push(wire);
  const log = recorder();
  await wire.start(log.handlers);
  return { wire, log };
}

async function directory(): Promise<string> {
  const made = await mkdtemp(path(tmpdir(), "pouw-wire-"));
  directories.push(made);
  return made;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((next) => server.once("listening", next));
  const address = server.address();
  await new Promise((next) => server.close(next));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const has = (wire: Wire, peer: Wire): boolean => wire.peers().some((one) => one.id === peer.peerId);

describe("libp2p wire: files", () => {
  it("keeps its identity over restarts, in a file only its owner reads", async () => {
    const dataDir = await directory();
    const first = await makeWire({ dataDir });
    await first.stop();
    const file = path(dataDir, "identity.key");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await chmod(file, 0o644);
    const second = await makeWire({ dataDir });
    await second.stop();
    expect(second.peerId).toBe(first.peerId);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const other = await makeWire();
    await other.stop();
    expect(other.peerId).not.toBe(first.peerId);
  });

  it.each([
    ["cut short", (key: Uint8Array) => key.subarray(0, 30)],
    ["a flipped bit", (key: Uint8Array) => key.map((byte, i) => (i === 20 ? byte ^ 1 : byte))],
    ["empty", () => new Uint8Array()],
  ])("refuses a damaged identity: %s", async (_, damage) => {
    const dataDir = await directory();
    await (await makeWire({ dataDir })).stop();
    const file = path(dataDir, "identity.key");
    await writeFile(file, damage(new Uint8Array(await readFile(file))));
    await expect(makeWire({ dataDir })).rejects.toMatchObject({ code: "BAD_KEY", remedy: expect.any(String) });
  });

  it("goes on without its book of peers when that is unreadable", async () => {
    const dataDir = await directory();
    await (await makeWire({ dataDir })).stop();
    await writeFile(path(dataDir, "peers.json"), "nonsense");
    const { wire } = await node({ dataDir });
    const { wire: other } = await node();
    await join(wire, other);
  });

  it("says so when the port or an address cannot be had", async () => {
    const { wire } = await node();
    const port = /\/tcp\/(\d+)/.exec(wire.addresses()[0] as string)?.[1];
    const second = await makeWire({ listen: [`/ip4/127.0.0.1/tcp/${port}`] });
    const refused = second.start(recorder().handlers);
    await expect(refused).rejects.toMatchObject({ code: "PORT_IN_USE", message: expect.stringContaining(`:${port}`) });
    await second.stop();
    await expect(makeWire({ listen: ["127.0.0.1:80"] })).rejects.toMatchObject({ code: "BAD_CONFIG" });
    await expect(makeWire({ bootstrap: ["nowhere"] })).rejects.toMatchObject({ code: "BAD_CONFIG" });
    await expect(makeWire({ network: "two words" })).rejects.toMatchObject({ code: "BAD_CONFIG" });
  });
});

describe("libp2p wire: finding peers", () => {
  it("tries a bootstrap address until somebody listens there", async () => {
    const port = await freePort();
    const { wire: early } = await node({ bootstrap: [`/ip4/127.0.0.1/tcp/${port}`] });
    const counted = early.stats().bytesOut;
    expect(early.peers()).toEqual([]);
    const { wire: late } = await node({ listen: [`/ip4/127.0.0.1/tcp/${port}`] });
    await until("the bootstrap connection", () => has(early, late) && has(late, early));
    expect(early.stats().bytesOut).toBeGreaterThan(counted);
  });

  it("comes back to a bootstrap peer that was away", async () => {
    const [dataDir, port] = [await directory(), await freePort()];
    const listen = [`/ip4/127.0.0.1/tcp/${port}`];
    const { wire: first } = await node({ listen, dataDir });
    const { wire, log } = await node({ bootstrap: first.addresses() });
    await until("the first connection", () => has(wire, first));
    await first.stop();
    await until("the loss", () => wire.peers().length === 0);
    await node({ listen, dataDir });
    await until("the second connection", () => log.connected.length === 2);
    expect(log.connected).toEqual([first.peerId, first.peerId]);
  });

  it("remembers peers over a restart, without any bootstrap", async () => {
    const dataDir = await directory();
    const { wire: lasting } = await node();
    const { wire: before } = await node({ dataDir });
    await join(before, lasting);
    await before.stop();
    const { wire: after } = await node({ dataDir, minPeers: 2 });
    await until("the remembered peer", () => has(after, lasting));
  });

  it("hears of others from its peers, and leaves it when it wants none", async () => {
    const { wire: hub } = await node();
    const { wire: a } = await node({ minPeers: 3 });
    const { wire: shy } = await node();
    await join(a, hub);
    await join(shy, hub);
    const { wire: b } = await node({ minPeers: 3, bootstrap: hub.addresses() });
    await until("a and b in touch", () => has(a, b) && has(b, a));
    await until("b and shy in touch", () => has(b, shy));
    expect(b.peers().find((peer) => peer.id === hub.peerId)).toMatchObject({ agent: "pouw-test/1" });
    await until("a measured latency", () => b.peers().every((peer) => peer.latencyMs !== undefined));
  });

  it("keeps networks apart: another genesis, no gossip, no connection", async () => {
    const network = (last: number): string => networkPrefix("test", new Uint8Array([1, 2, 3, last, 5]));
    expect(network(4)).toBe("test/01020304");
    const [a, b, c] = [
      await node({ network: network(4) }),
      await node({ network: network(9) }),
      await node({ network: network(4) }),
    ];
    await expect(a.wire.connect(b.wire.addresses()[0] as string, within(5_000))).rejects.toMatchObject({
      code: "WIRE_FAILED",
    });
    await join(a.wire, c.wire);
    // The control: in the same time the same words reach the peer of the same network.
    await untilGossips(a.wire, "ours", c.log.hears);
    expect(b.log.heard).toEqual([]);
    expect([b.wire.peers(), b.log.connected]).toEqual([[], []]);
    expect(a.wire.peers()).toHaveLength(1);
  });
});

/** Whether a multicast packet comes back to this machine. */
async function multicastWorks(): Promise<boolean> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  try {
    await new Promise<void>((next) => socket.bind(0, next));
    socket.addMembership("224.0.0.251");
    const heard = new Promise<boolean>((resolve) => {
      socket.once("message", () => resolve(true));
      setTimeout(() => resolve(false), 500);
    });
    await new Promise((next, fail) =>
      socket.send("?", socket.address().port, "224.0.0.251", (error) => (error === null ? next(0) : fail(error))),
    );
    return await heard;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
const multicast = await multicastWorks();

describe("libp2p wire: multicast", () => {
  it("starts and stops with it, whether the machine has it or not", async () => {
    const { wire } = await node({ mdns: true });
    await wire.publish("block", bytes("x"));
    await wire.stop();
  });

  it.skipIf(!multicast)("finds a peer on the local network", async () => {
    const network = `mdns-${systemClock.wallTime()}`;
    const listen = ["/ip4/0.0.0.0/tcp/0"];
    const { wire: a } = await node({ mdns: true, minPeers: 2, network, listen });
    const { wire: b } = await node({ mdns: true, minPeers: 2, network, listen });
    await until("each other", () => has(a, b) && has(b, a), 20_000);
  });
});
