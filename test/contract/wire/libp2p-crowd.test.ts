// Attacks on a wire's places: silent sockets, half a handshake, many ids of one address, many addresses. Each beside honest newcomers.
// The machine's own addresses make the IP groups: 127.9.0.1 is of another /24 than 127.0.0.1.
import { connect, type Socket } from "node:net";
import type { Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, describe, expect, it } from "vitest";
import type { Libp2pWireOptions } from "../../../src/adapters/libp2p/index.ts";
import type { Wire } from "../../../src/ports/index.ts";
import { join, recorder, until, untilGossips, within } from "./lab.ts";
import { makeWire, NETWORK, rawNode, strangerTo } from "./libp2p-lab.ts";

const open: { stop(): Promise<void> | void }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
});

/** A wire whose limits hold for local addresses too. */
async function node(options: Partial<Libp2pWireOptions> = {}) {
  const wire = await makeWire({ exemptLocal: false, ...options });
  open.push(wire);
  const log = recorder();
  await wire.start(log.handlers);
  return { wire, log };
}

const portOf = (wire: Wire): number => Number(/\/tcp\/(\d+)/.exec(wire.addresses()[0] as string)?.[1]);
const has = (wire: Wire, peer: string): boolean => wire.peers().some((one) => one.id === peer);

/** Sockets that say nothing, opened again whenever they are closed. */
function silentSockets(
  count: number,
  victim: Wire,
  localAddress: string,
): { readonly closed: number; readonly open: number } {
  const sockets = new Set<Socket>();
  const seen = { closed: 0, open: 0 };
  let over = false;
  const again = (): void => {
    if (over) return;
    const socket = connect({ port: portOf(victim), host: "127.0.0.1", localAddress });
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("connect", () => seen.open++);
    socket.on("close", () => {
      sockets.delete(socket);
      seen.closed++;
      setTimeout(again, 5);
    });
  };
  for (let i = 0; i < count; i++) again();
  open.push({
    stop: () => {
      over = true;
      for (const socket of sockets) socket.destroy();
    },
  });
  return seen;
}

/** Tries until it is in; an attacker does not give up either. */
async function insists(from: Wire, to: Wire): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      await from.connect(to.addresses()[0] as string, within(5_000));
      await until("the other side", () => has(to, from.peerId), 2_000);
      return tries;
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
}

describe("places of a wire", () => {
  it.each([
    ["of their own group", "127.9.0.1"],
    ["of the newcomers' own address", "127.0.0.1"],
  ])("are there for newcomers beside 40 silent sockets %s, opened again when closed", async (_, from) => {
    const { wire: victim } = await node({ maxConnections: 64 });
    const silent = silentSockets(40, victim, from);
    await until("all of them", () => silent.open >= 40);
    const newcomers = await Promise.all(Array.from({ length: 8 }, () => node()));
    for (const { wire } of newcomers) await insists(wire, victim);
    expect(victim.peers()).toHaveLength(8);
    await until("the end of the first", () => silent.closed > 40);
    expect(victim.peers()).toHaveLength(8);
  });

  it("end a handshake that stops half way, and one whose peer never says who it is", async () => {
    const { wire: victim } = await node();
    const socket = connect({ port: portOf(victim), host: "127.0.0.1" });
    open.push({ stop: () => void socket.destroy() });
    socket.on("error", () => undefined);
    socket.write("\x13/multistream/1.0.0\n");
    const half = new Promise((done) => socket.on("close", done));
    // Encrypted and multiplexed, but without the protocol by which peers name themselves.
    const raw = await rawNode();
    open.push(raw);
    await raw.unhandle("/ipfs/id/1.0.0");
    await raw.dial(multiaddr(victim.addresses()[0] as string));
    const { wire: honest } = await node();
    await join(honest, victim);
    await half;
    await until("the nameless one's end", () => raw.getConnections().length === 0);
    expect(victim.peers().map(({ id }) => id)).toEqual([honest.peerId]);
  });

  it("end a handshake of endless questions after a few kilobytes", async () => {
    const { wire: victim } = await node();
    const socket = connect({ port: portOf(victim), host: "127.0.0.1" });
    open.push({ stop: () => void socket.destroy() });
    socket.on("error", () => undefined);
    let answered = 0;
    socket.on("data", (data) => {
      answered += data.length;
    });
    const closed = new Promise((done) => socket.on("close", done));
    socket.write("\x13/multistream/1.0.0\n");
    // Each is answered with four bytes, "not available".
    for (let i = 0; i < 200; i++) socket.write("\x05/abc\n".repeat(600));
    await closed;
    expect(answered).toBeLessThan(8_192);
    await join((await node()).wire, victim);
  });

  it("go to an IP group up to its quota: 49 ids of one address leave room for 6 of another", async () => {
    const { wire: victim } = await node({ maxConnections: 48 });
    const ids = await Promise.all(Array.from({ length: 49 }, () => crowdMember("127.9.0.1")));
    for (const raw of ids) await raw.dial(multiaddr(victim.addresses()[0] as string)).catch(() => undefined);
    await until("the quota", () => victim.peers().length === 6);
    for (let i = 0; i < 6; i++) await insists((await node()).wire, victim);
    expect(victim.peers().filter(({ group }) => group === "127.0.0.0/24")).toHaveLength(6);
    expect(victim.peers().filter(({ group }) => group === "127.9.0.0/24")).toHaveLength(6);
  });

  it("are made by the least useful when all are taken by many addresses, and who is useful stays", async () => {
    const { wire: victim, log } = await node({ maxConnections: 8 });
    const { wire: useful } = await node();
    await join(useful, victim);
    await untilGossips(useful, "of use", log.hears);
    for (let i = 1; i <= 12; i++) open.push((await strangerTo(victim, { from: `127.${i}.0.1` })).raw);
    expect(victim.peers()).toHaveLength(8);
    const newcomer = await strangerTo(victim, { from: "127.99.0.1" });
    open.push(newcomer.raw);
    const stays = [useful.peerId, newcomer.raw.peerId.toString()].map((peer) => has(victim, peer));
    expect([...stays, victim.peers().length]).toEqual([true, true, 8]);
    await untilGossips(useful, "still of use", log.hears);
  });

  it("hold for local addresses only where nothing exempts them", async () => {
    const { wire: victim } = await node({ maxConnections: 8, exemptLocal: true });
    for (let i = 0; i < 8; i++) await join((await node()).wire, victim);
    expect(victim.peers()).toHaveLength(8);
    expect(new Set(victim.peers().map(({ group }) => group)).size).toBe(8);
  });
});

/** A node that passes for a peer once it is let in. */
async function crowdMember(from: string): Promise<Libp2p> {
  const raw = await rawNode({ from });
  open.push(raw);
  await raw.handle(`/pouw/${NETWORK}/status/1`, (stream) => void stream.close());
  await raw.handle("/meshsub/1.2.0", () => undefined);
  return raw;
}
