// Attacks on the libp2p wire, each with an honest control: garbage frames, forged signatures, floods, stalls, dead links.
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import type { Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, describe, expect, it } from "vitest";
import { createLibp2pWire, topicName } from "../../../src/adapters/libp2p/index.ts";
import { ACCEPT, concatBytes, reject, u32be } from "../../../src/base/index.ts";
import { type Clock, MAX_REQUEST_BYTES, type Wire } from "../../../src/ports/index.ts";
import {
  type Behaviour,
  bytes,
  join,
  memoryLog,
  memoryMetrics,
  type Recorder,
  recorder,
  systemClock,
  text,
  until,
  untilGossips,
  within,
} from "./lab.ts";
import { framed, makeWire, NETWORK, rawNode, type Stranger, type StrangerOptions, strangerTo } from "./libp2p-lab.ts";

const open: { stop(): Promise<void> | void }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
});

async function stranger(victim: Wire, options: StrangerOptions = {}): Promise<Stranger> {
  const one = await strangerTo(victim, options);
  open.push(one.raw);
  return one;
}

const judge = (said: string) => (said.startsWith("bad") ? reject("bad-encoding", said) : ACCEPT);

async function node(behaviour: Behaviour = { judge }, exemptLocal = true): Promise<{ wire: Wire; log: Recorder }> {
  const wire = await makeWire({ exemptLocal });
  open.push(wire);
  const log = recorder(behaviour);
  await wire.start(log.handlers);
  return { wire, log };
}

const gone = (victim: Wire, raw: Libp2p) => (): boolean =>
  !victim.peers().some((one) => one.id === raw.peerId.toString()) && raw.getConnections().length === 0;

describe("libp2p wire under attack", () => {
  it("throws out who sends undecodable gossip frames, and harmless frames keep the connection", async () => {
    const { wire: victim } = await node();
    const harmless = await stranger(victim);
    const attacker = await stranger(victim);
    const [good, bad] = [await harmless.gossip(), await attacker.gossip()];
    for (let i = 0; i < 10; i++) good.send(framed(RPC.encode({ subscriptions: [], messages: [] })));
    for (let i = 0; i < 3; i++) bad.send(framed(new Uint8Array([0x0a, 0xff, 0xff, 0xff, 0x7f])));
    await until("the ban", gone(victim, attacker.raw));
    expect(victim.stats()).toMatchObject({ rejected: 3, banned: 1 });
    expect(victim.peers().map((one) => one.id)).toEqual([harmless.raw.peerId.toString()]);
  });

  it("throws out who claims an oversize frame, three times", async () => {
    const { wire: victim } = await node();
    const attacker = await stranger(victim);
    for (let i = 1; i <= 3; i++) {
      (await attacker.gossip()).send(framed(new Uint8Array(8), 1 << 24));
      await until(`strike ${i}`, () => victim.stats().rejected === i);
    }
    await until("the ban", gone(victim, attacker.raw));
  });

  it("throws out who forges signatures; nothing of it is heard", async () => {
    const { wire: victim, log } = await node();
    const attacker = await stranger(victim);
    const stream = await attacker.gossip();
    for (let i = 0; i < 3; i++) {
      const message = {
        from: attacker.raw.peerId.toMultihash().bytes,
        data: bytes(`forged ${i}`),
        seqno: concatBytes(u32be(0), u32be(i)),
        topic: topicName(NETWORK, "block"),
        signature: new Uint8Array(64).fill(i),
      };
      stream.send(framed(RPC.encode({ subscriptions: [], messages: [message] })));
    }
    await until("the ban", gone(victim, attacker.raw));
    expect(log.heard).toEqual([]);
  });

  it("survives a flood of validly signed garbage while honest gossip goes on", async () => {
    const [victim, relay, honest, attacker] = [await node(), await node(), await node(), await node({})];
    await join(attacker.wire, victim.wire);
    await join(honest.wire, victim.wire);
    await join(victim.wire, relay.wire);
    await untilGossips(honest.wire, "before", relay.log.hears);
    await untilGossips(attacker.wire, "sleeper", relay.log.hears);
    for (let i = 0; i < 100; i++) await attacker.wire.publish("block", bytes(`bad ${i}`));
    await until("the ban", () => victim.log.disconnected.includes(attacker.wire.peerId));
    await untilGossips(honest.wire, "after", relay.log.hears);
    expect(relay.log.heard.some((one) => one.text.startsWith("bad"))).toBe(false);
    expect(victim.log.heard.filter((one) => one.text.startsWith("bad")).length).toBeLessThan(64);
    expect(has(victim.wire, honest.wire) && has(victim.wire, relay.wire)).toBe(true);
  });

  it("drops what comes too fast and throws out a flood of valid messages", async () => {
    const { wire: victim, log } = await node();
    const attacker = await stranger(victim);
    const stream = await attacker.gossip();
    const empty = { from: new Uint8Array(), data: new Uint8Array(1), topic: "of another network" };
    const frame = framed(RPC.encode({ subscriptions: [], messages: Array.from({ length: 1000 }, () => empty) }));
    for (let i = 0; i < 12 && stream.status === "open"; i++) stream.send(frame);
    await until("the ban", gone(victim, attacker.raw));
    expect(log.heard).toEqual([]);
  });

  it("bans the whole group of three addresses whose peers were banned, and nobody else's", async () => {
    const { wire: victim } = await node({ judge }, false);
    const before = await stranger(victim, { from: "127.8.0.1" });
    for (const from of ["127.9.0.1", "127.9.0.2", "127.9.0.3"]) {
      const { raw, gossip } = await stranger(victim, { from });
      const stream = await gossip();
      for (let i = 0; i < 3; i++) stream.send(framed(new Uint8Array([0x0a, 0xff, 0xff, 0xff, 0x7f])));
      await until("the ban", gone(victim, raw));
    }
    expect(victim.stats().banned).toBe(3);
    // An address of the group that did nothing, and one of the next.
    const innocent = await rawNode({ from: "127.9.0.200" });
    open.push(innocent);
    const to = multiaddr(victim.addresses()[0] as string);
    const dialled = innocent.dial(to, within(5_000)).then(({ status }) => status);
    await expect(dialled).rejects.toThrow();
    const beside = await stranger(victim, { from: "127.9.1.1" });
    const here = victim.peers().map(({ id }) => id);
    expect(here.sort()).toEqual([before, beside].map(({ raw }) => raw.peerId.toString()).sort());
  });

  it("mends a gossip link that died inside an open connection", async () => {
    const { wire: victim } = await node();
    const quiet = await stranger(victim);
    // Never opens a gossip stream of its own: from the victim's side, half a link.
    await until("the watchdog", gone(victim, quiet.raw), 10_000);
    expect(victim.stats().banned).toBe(0);
  });
});

describe("libp2p wire: requests under stress", () => {
  it("runs at most eight of a peer at once, and answers all", async () => {
    let [now, most] = [0, 0];
    const answer = async (_: string, data: Uint8Array): Promise<Uint8Array> => {
      most = Math.max(most, ++now);
      await new Promise((next) => setTimeout(next, 20));
      now--;
      return data;
    };
    const [a, b] = [await node({}), await node({ answer })];
    await join(a.wire, b.wire);
    const asks = Array.from({ length: 40 }, (_, i) =>
      a.wire.request(b.wire.peerId, i % 2 === 0 ? "blob" : "blocks", bytes(`${i}`), within(20_000)),
    );
    expect((await Promise.all(asks)).map(text)).toEqual(asks.map((_, i) => `${i}`));
    expect(most).toBe(8);
  });

  it("gives up at its own cap when the caller sets no limit", async () => {
    // A clock on which thirty seconds pass in a moment; all else runs as usual.
    const hasty: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms === 30_000 ? 200 : ms, run) };
    const impatient = await createLibp2pWire(
      {
        network: NETWORK,
        listen: [],
        bootstrap: [],
        dataDir: undefined,
        mdns: false,
        maxConnections: 10,
        exemptLocal: true,
        lan: true,
        agent: "x",
        minPeers: 0,
      },
      { log: memoryLog(), clock: hasty, metrics: memoryMetrics() },
    );
    open.push(impatient);
    await impatient.start(recorder().handlers);
    const slow = await node({ answer: () => new Promise(() => undefined) });
    await impatient.connect(slow.wire.addresses()[0] as string, within(10_000));
    const endless = new AbortController().signal;
    const asked = impatient.request(slow.wire.peerId, "blob", bytes("?"), { signal: endless });
    await expect(asked).rejects.toMatchObject({ code: "WIRE_TIMEOUT" });
  });

  it("throws out who sends oversize requests, three times", async () => {
    const { wire: victim } = await node();
    const { raw, to } = await stranger(victim);
    for (let i = 1; i <= 3; i++) {
      const stream = await raw.dialProtocol(multiaddr(to), `/pouw/${NETWORK}/blob/1`);
      stream.send(u32be(MAX_REQUEST_BYTES + 1));
      await until(`strike ${i}`, () => victim.stats().rejected === i);
    }
    await until("the ban", gone(victim, raw));
  });

  it("throws out who answers over the limit", async () => {
    const { wire: victim } = await node();
    const { raw } = await stranger(victim);
    await raw.handle(`/pouw/${NETWORK}/blob/1`, (stream) => void stream.send(u32be(1 << 30)));
    for (let i = 0; i < 3; i++) {
      const asked = victim.request(raw.peerId.toString(), "blob", bytes("?"), within(5_000));
      await expect(asked).rejects.toMatchObject({ code: "WIRE_FAILED" });
    }
    await until("the ban", gone(victim, raw));
  });
});

function has(wire: Wire, peer: Wire): boolean {
  return wire.peers().some((one) => one.id === peer.peerId);
}
