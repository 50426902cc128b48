// What every Wire promises, whatever carries it. Run by one test file per adapter.
import { afterEach, describe, expect, it } from "vitest";
import { ACCEPT, ignore, reject } from "../../../src/base/index.ts";
import { MAX_GOSSIP_BYTES, MAX_REPLY_BYTES } from "../../../src/codec/index.ts";
import { MAX_REQUEST_BYTES, type Wire } from "../../../src/ports/index.ts";
import { type Behaviour, bytes, join, type Recorder, recorder, text, until, untilGossips, within } from "./lab.ts";

/** Makes a wire that is not started; all wires of one test reach each other. */
export type MakeWire = () => Promise<Wire>;

const judge = (said: string) =>
  said.startsWith("bad") ? reject("bad-encoding", said) : said.startsWith("meh") ? ignore("stale-round", said) : ACCEPT;
const never = (): Promise<Uint8Array> => new Promise(() => undefined);

export function wireContract(name: string, make: MakeWire): void {
  const open: Wire[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((wire) => wire.stop()));
  });

  async function node(behaviour: Behaviour = {}): Promise<{ wire: Wire; log: Recorder }> {
    const wire = await make();
    open.push(wire);
    const log = recorder(behaviour);
    await wire.start(log.handlers);
    return { wire, log };
  }

  describe(`${name}: gossip`, () => {
    it("reaches everybody along a line, with author and relay told apart", async () => {
      const [a, b, c, d] = [await node(), await node(), await node(), await node()];
      await join(a.wire, b.wire);
      await join(b.wire, c.wire);
      await join(c.wire, d.wire);
      await untilGossips(a.wire, "probe", d.log.hears);
      await a.wire.publish("block", bytes("hello"));
      for (const one of [b, c, d]) await until("the message", () => one.log.hears("hello"));
      const last = d.log.heard.find((one) => one.text === "hello");
      expect(last).toEqual({ topic: "block", text: "hello", from: c.wire.peerId, author: a.wire.peerId });
      expect(a.log.heard).toEqual([]);
      expect(d.log.heard.filter((one) => one.text === "hello")).toHaveLength(1);
    });

    it("does not pass on what a relay ignores or rejects", async () => {
      const [a, b, c] = [await node(), await node({ judge }), await node()];
      await join(a.wire, b.wire);
      await join(b.wire, c.wire);
      await untilGossips(a.wire, "probe", c.log.hears);
      await a.wire.publish("block", bytes("meh"));
      await a.wire.publish("block", bytes("bad"));
      await a.wire.publish("block", bytes("good"));
      await until("the good message", () => c.log.hears("good"));
      await until("the relay's judgement", () => b.log.hears("meh") && b.log.hears("bad"));
      expect(c.log.hears("meh")).toBe(false);
      expect(c.log.hears("bad")).toBe(false);
    });

    it("bans who sends three provable wrongs, and keeps the honest", async () => {
      const [victim, attacker, honest] = [await node({ judge }), await node(), await node()];
      await join(attacker.wire, victim.wire);
      await join(honest.wire, victim.wire);
      await untilGossips(attacker.wire, "probe", victim.log.hears);
      for (let i = 0; i < 3; i++) await attacker.wire.publish("block", bytes(`bad ${i}`));
      await until("the ban", () => victim.log.disconnected.includes(attacker.wire.peerId));
      expect(victim.wire.peers().map((peer) => peer.id)).toEqual([honest.wire.peerId]);
      expect(victim.wire.stats()).toMatchObject({ rejected: 3, banned: 1 });
      await until("the attacker to notice", () => attacker.wire.peers().length === 0);
      const back = attacker.wire.connect(victim.wire.addresses()[0] as string, within(5_000));
      await expect(back).rejects.toMatchObject({ code: "WIRE_FAILED" });
      await untilGossips(honest.wire, "still here", victim.log.hears);
      expect(victim.log.disconnected).not.toContain(honest.wire.peerId);
    });

    it("bans through punish as well", async () => {
      const [victim, other] = [await node(), await node()];
      await join(other.wire, victim.wire);
      victim.wire.punish(other.wire.peerId, "one");
      victim.wire.punish(other.wire.peerId, "two");
      expect(victim.wire.peers()).toHaveLength(1);
      victim.wire.punish(other.wire.peerId, "three");
      await until("the ban", () => victim.wire.peers().length === 0);
    });

    it("takes a message at the limit, throws above it, and needs no peers", async () => {
      const { wire } = await node();
      await wire.publish("block", new Uint8Array(MAX_GOSSIP_BYTES));
      const above = wire.publish("block", new Uint8Array(MAX_GOSSIP_BYTES + 1));
      await expect(above).rejects.toMatchObject({ code: "WIRE_FAILED" });
    });

    it("delivers a message at the limit", async () => {
      const [a, b] = [await node(), await node()];
      await join(a.wire, b.wire);
      await untilGossips(a.wire, "probe", b.log.hears);
      const large = "x".repeat(MAX_GOSSIP_BYTES);
      await a.wire.publish("block", bytes(large));
      await until("the large message", () => b.log.hears(large));
    });
  });

  describe(`${name}: requests`, () => {
    it("are answered, many at a time, in both directions", async () => {
      const answer = async (protocol: string, data: Uint8Array, from: string) =>
        bytes(`${protocol} ${text(data)} ${from}`);
      const [a, b] = [await node({ answer }), await node({ answer })];
      await join(a.wire, b.wire);
      const ask = (from: Wire, to: Wire, n: number) => from.request(to.peerId, "blocks", bytes(`${n}`), within(10_000));
      const numbers = Array.from({ length: 20 }, (_, n) => n);
      const there = await Promise.all(numbers.map((n) => ask(a.wire, b.wire, n)));
      const back = await Promise.all(numbers.map((n) => ask(b.wire, a.wire, n)));
      expect(there.map(text)).toEqual(numbers.map((n) => `blocks ${n} ${a.wire.peerId}`));
      expect(back.map(text)).toEqual(numbers.map((n) => `blocks ${n} ${b.wire.peerId}`));
    });

    it("carry an empty question and an empty answer", async () => {
      const [a, b] = [await node(), await node()];
      await join(a.wire, b.wire);
      expect(await a.wire.request(b.wire.peerId, "status", new Uint8Array(), within(5_000))).toHaveLength(0);
    });

    it("time out with the signal when the peer stalls, and leave the next one unharmed", async () => {
      const answer = (protocol: string, data: Uint8Array) => (protocol === "blob" ? never() : Promise.resolve(data));
      const [a, b] = [await node(), await node({ answer })];
      await join(a.wire, b.wire);
      const stalled = a.wire.request(b.wire.peerId, "blob", bytes("?"), within(200));
      await expect(stalled).rejects.toMatchObject({ code: "WIRE_TIMEOUT" });
      expect(text(await a.wire.request(b.wire.peerId, "blocks", bytes("ok"), within(5_000)))).toBe("ok");
    });

    it("fail when the peer goes away, was never there, or its handler throws", async () => {
      const answer = (protocol: string) =>
        protocol === "blob" ? never() : Promise.reject(new Error("no such thing here"));
      const [a, b] = [await node(), await node({ answer })];
      await join(a.wire, b.wire);
      const thrown = a.wire.request(b.wire.peerId, "blocks", bytes("?"), within(5_000));
      await expect(thrown).rejects.toMatchObject({ code: "WIRE_FAILED" });
      const broken = a.wire.request(b.wire.peerId, "blob", bytes("?"), within(10_000)).catch((e: unknown) => e);
      await b.wire.stop();
      expect(await broken).toMatchObject({ code: "WIRE_FAILED" });
      await until("the disconnection", () => a.wire.peers().length === 0);
      const absent = a.wire.request(b.wire.peerId, "status", bytes("?"), within(5_000));
      await expect(absent).rejects.toMatchObject({ code: "WIRE_FAILED" });
    });

    it("carry an answer at the limit and none above; a question likewise", async () => {
      const answer = async (_: string, data: Uint8Array) => new Uint8Array(Number(text(data))).fill(7);
      const [a, b] = [await node(), await node({ answer })];
      await join(a.wire, b.wire);
      const ask = (size: number) => a.wire.request(b.wire.peerId, "blob", bytes(`${size}`), within(20_000));
      const full = await ask(MAX_REPLY_BYTES);
      expect(full).toHaveLength(MAX_REPLY_BYTES);
      expect(full.every((byte) => byte === 7)).toBe(true);
      // Three times: a server that sent them would have earned a ban by now.
      for (let i = 0; i < 3; i++) await expect(ask(MAX_REPLY_BYTES + 1)).rejects.toMatchObject({ code: "WIRE_FAILED" });
      const long = a.wire.request(b.wire.peerId, "blob", new Uint8Array(MAX_REQUEST_BYTES + 1), within(5_000));
      await expect(long).rejects.toMatchObject({ code: "WIRE_FAILED" });
      expect(await ask(3)).toEqual(new Uint8Array([7, 7, 7]));
      expect(a.wire.peers()).toHaveLength(1);
    });
  });

  describe(`${name}: life`, () => {
    it("tells both sides when a connection is ready and when it ends", async () => {
      const [a, b] = [await node(), await node()];
      await join(a.wire, b.wire);
      await until("both callbacks", () => a.log.connected.length === 1 && b.log.connected.length === 1);
      expect([a.log.connected, b.log.connected]).toEqual([[b.wire.peerId], [a.wire.peerId]]);
      expect(a.wire.peers()[0]).toMatchObject({ id: b.wire.peerId, direction: "outbound" });
      expect(b.wire.peers()[0]).toMatchObject({ id: a.wire.peerId, direction: "inbound" });
      const [group, stranger] = [a.wire.groupOf(b.wire.peerId), a.wire.groupOf("nobody")];
      expect([a.wire.peers()[0]?.group, stranger]).toEqual([group, "nobody"]);
      await b.wire.stop();
      await until("the end", () => a.log.disconnected.length === 1);
      expect(a.log.disconnected).toEqual([b.wire.peerId]);
      expect(a.wire.peers()).toEqual([]);
      expect(a.wire.groupOf(b.wire.peerId)).toBe(group);
    });

    it("does not dial nonsense", async () => {
      const { wire } = await node();
      await expect(wire.connect("nonsense", within(1_000))).rejects.toMatchObject({ code: "BAD_CONFIG" });
    });

    it("stops twice, also when never started, publishes no more, and leaves no handles", async () => {
      const before = handles();
      const idle = await make();
      await idle.stop();
      const [a, b] = [await node(), await node()];
      await join(a.wire, b.wire);
      await a.wire.request(b.wire.peerId, "status", bytes("x"), within(5_000));
      await Promise.all([a.wire.stop(), a.wire.stop()]);
      await a.wire.stop();
      await b.wire.stop();
      await expect(a.wire.publish("block", bytes("late"))).rejects.toMatchObject({ code: "CLOSED" });
      await expect(a.wire.start(a.log.handlers)).rejects.toMatchObject({ code: "CLOSED" });
      await until(`handles back to ${before}, now ${handles()}`, () => handles() <= before);
    });
  });
}

/** Sockets, servers and timers that keep the process alive. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => /TCP|UDP|Timeout|FSEvent/.test(name)).length;
}
