// Floods of everything that a connected stranger can send, each beside an honest peer that is served meanwhile.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import type { Connection, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, describe, expect, it } from "vitest";
import { topicName } from "../../../src/adapters/libp2p/index.ts";
import { ACCEPT } from "../../../src/base/index.ts";
import { TOPICS } from "../../../src/codec/index.ts";
import type { Wire } from "../../../src/ports/index.ts";
import {
  type Behaviour,
  bytes,
  join,
  type LogLine,
  memoryMetrics,
  recorder,
  text,
  until,
  untilGossips,
  within,
} from "./lab.ts";
import { framed, makeWire, NETWORK, rawNode, type StrangerOptions, strangerTo } from "./libp2p-lab.ts";

const open: { stop(): Promise<void> | void }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
});

/** Units of work that one connection of an otherwise quiet group can have done: at once, and then a second. */
const BUDGET = { burst: 2_000 + 8_000, perSecond: 250 + 2_000 };

async function node(behaviour: Behaviour = { judge: () => ACCEPT }) {
  const [metrics, lines] = [memoryMetrics(), [] as LogLine[]];
  const wire = await makeWire({ exemptLocal: false, maxConnections: 64 }, { metrics, lines });
  open.push(wire);
  const log = recorder(behaviour);
  await wire.start(log.handlers);
  const pauses = (): number => metrics.values.get("pouw_network_pauses_count{}") ?? 0;
  return { wire, log, lines, pauses };
}

async function stranger(victim: Wire, options: StrangerOptions = { from: "127.9.0.1" }) {
  const one = await strangerTo(victim, options);
  open.push(one.raw);
  return one;
}

/** An honest peer is answered and heard. */
async function served(
  honest: Wire,
  victim: { wire: Wire; log: { hears(text: string): boolean } },
  label: string,
): Promise<void> {
  const reply = await honest.request(victim.wire.peerId, "blocks", bytes(label), within(10_000));
  expect(text(reply)).toBe(label);
  await untilGossips(honest, label, victim.log.hears);
}

interface Muxer {
  sendFrame(header: { type: number; flag: number; streamID: number; length: number }): void;
  handlePing(): void;
  send(data: Uint8Array): void;
}
const muxerOf = (connection: Connection): Muxer => (connection as unknown as { muxer: Muxer }).muxer;

/** `count` frames of `topics` and messages, as fast as the stream takes them. */
function pour(stream: Stream, frame: Uint8Array, count: number): void {
  for (let i = 0; i < count && stream.status === "open"; i++) stream.send(frame);
}

const PING = 2;
const SYN = 1;

describe("a flood", () => {
  it("of 51,000 pings by two peers is answered at the pace of their budget", async () => {
    const [victim, { wire: honest }] = [await node(), await node()];
    await join(honest, victim.wire);
    await served(honest, victim, "before");
    const begun = performance.now();
    let pongs = 0;
    for (const { connection } of [await stranger(victim.wire), await stranger(victim.wire)]) {
      const muxer = muxerOf(connection);
      muxer.handlePing = () => void pongs++;
      for (let i = 0; i < 25_500; i++) muxer.sendFrame({ type: PING, flag: SYN, streamID: 0, length: i });
    }
    await until("the first pause", () => victim.pauses() > 0);
    await served(honest, victim, "meanwhile");
    const seconds = (performance.now() - begun) / 1000;
    // A second connection brings its own on top of what its group has.
    expect(pongs).toBeLessThan(BUDGET.burst + 2_000 + (BUDGET.perSecond + 250) * seconds + 256);
    expect(pongs).toBeGreaterThan(1_000);
  });

  it("of the library's own ping protocol finds nobody who speaks it", async () => {
    const victim = await node();
    const { raw, to } = await stranger(victim.wire);
    await expect(raw.dialProtocol(multiaddr(to), "/ipfs/ping/1.0.0")).rejects.toThrow();
    expect(victim.wire.peers()).toHaveLength(1);
  });

  const topics = TOPICS.map((topic) => topicName(NETWORK, topic));
  const ids = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => new Uint8Array(20).fill(i));
  const none = { ihave: [], iwant: [], graft: [], prune: [], idontwant: [] };
  const control = (what: object): Uint8Array =>
    framed(RPC.encode({ subscriptions: [], messages: [], control: { ...none, ...what } as never }));
  it.each([
    [
      "GRAFT and PRUNE",
      control({
        graft: topics.map((topicID) => ({ topicID })),
        prune: topics.map((topicID) => ({ topicID, peers: [] })),
      }),
    ],
    ["IHAVE", control({ ihave: [{ topicID: topics[0], messageIDs: ids(100) }] })],
    ["IWANT", control({ iwant: [{ messageIDs: ids(100) }] })],
    ["IDONTWANT", control({ idontwant: [{ messageIDs: ids(100) }] })],
    [
      "subscriptions",
      framed(
        RPC.encode({
          subscriptions: topics.flatMap((topic) => [
            { topic, subscribe: true },
            { topic, subscribe: false },
          ]),
          messages: [],
        }),
      ),
    ],
    [
      "messages of other networks",
      framed(
        RPC.encode({
          subscriptions: [],
          messages: Array.from({ length: 128 }, () => ({
            from: new Uint8Array(),
            data: new Uint8Array(1),
            topic: "another",
          })),
        }),
      ),
    ],
  ])("of %s holds up its sender, and nobody else", async (_, frame) => {
    const [victim, { wire: honest }] = [await node(), await node()];
    await join(honest, victim.wire);
    await served(honest, victim, "before");
    const attacker = await stranger(victim.wire);
    const stream = await attacker.gossip();
    pour(stream, frame, Math.min(10_000, Math.ceil(8e6 / frame.length)));
    await until("the first pause", () => victim.pauses() > 0);
    await served(honest, victim, "meanwhile");
    expect(victim.wire.stats()).toMatchObject({ rejected: 0, banned: 0 });
  });

  it("of entries in one frame is garbage", async () => {
    const victim = await node();
    const attacker = await stranger(victim.wire);
    const stream = await attacker.gossip();
    const many = Array.from({ length: 300 }, () => ({ topicID: topics[0] }));
    for (let i = 0; i < 3; i++) stream.send(control({ graft: many }));
    await until("the ban", () => victim.wire.stats().banned === 1);
  });

  it("of streams is held to their number and pace; slow ones end nothing but themselves", async () => {
    const [victim, { wire: honest }] = [await node(), await node()];
    await join(honest, victim.wire);
    const { connection } = await stranger(victim.wire);
    const opened = await Promise.allSettled(
      Array.from({ length: 200 }, async (_, i) => {
        const stream = await connection.newStream(`/pouw/${NETWORK}/${i % 2 === 0 ? "blob" : "blocks"}/1`, {
          maxOutboundStreams: 1_000,
          signal: AbortSignal.timeout(8_000),
        });
        // A question that never ends.
        stream.send(new Uint8Array([0, 0, 1, 0, 7]));
        return stream;
      }),
    );
    const alive = opened.filter((one) => one.status === "fulfilled" && one.value.status === "open");
    expect(alive.length).toBeLessThanOrEqual(24);
    await served(honest, victim, "meanwhile");
  });

  it("of one endless frame ends the connection before it fills memory", async () => {
    const [victim, { wire: honest }] = [await node(), await node()];
    await join(honest, victim.wire);
    const { connection, raw } = await stranger(victim.wire);
    const muxer = muxerOf(connection);
    // Version 0, data, no flags, stream 9, a length of 1 GiB.
    muxer.send(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 9, 0x40, 0, 0, 0]));
    let pieces = 0;
    for (; pieces < 256 && connection.status === "open"; pieces++) {
      muxer.send(new Uint8Array(65_536));
      await new Promise((next) => setTimeout(next, 1));
    }
    expect(pieces).toBeLessThan(256);
    await until("the end", () => raw.getConnections().length === 0);
    await served(honest, victim, "after");
  });
});

describe("what a peer says of itself", () => {
  it("of changing ids leaves nothing on disk; whom this node has dialled is remembered", async () => {
    const dataDir = await mkdtemp(path(tmpdir(), "pouw-wire-"));
    const victim = await makeWire({ dataDir });
    await victim.start(recorder().handlers);
    const { wire: reached } = await node();
    await join(victim, reached);
    for (let i = 0; i < 10; i++) {
      const more = Array.from({ length: 20 }, (_, n) => `/pouw/${"x".repeat(60)}${i}/${n}/1`);
      const { raw } = await strangerTo(victim, { more, agent: "a".repeat(500) });
      expect(victim.peers().find(({ id }) => id === raw.peerId.toString())?.agent).toHaveLength(64);
      await raw.stop();
    }
    await victim.stop();
    expect((await readdir(dataDir)).sort()).toEqual(["identity.key", "peers.json"]);
    const known = JSON.parse(await readFile(path(dataDir, "peers.json"), "utf8")) as { peer: string }[];
    expect(known.map(({ peer }) => peer)).toEqual([reached.peerId]);
    await rm(dataDir, { recursive: true });
  });

  it("in more than 4 KiB is not read: such a peer is never ready, and one that says less beside it is", async () => {
    const victim = await node();
    const talkative = await rawNode();
    open.push(talkative);
    for (const protocol of ["status", ...Array.from({ length: 80 }, (_, i) => `${"x".repeat(60)}${i}`)])
      await talkative.handle(`/pouw/${NETWORK}/${protocol}/1`, (stream) => void stream.close());
    await talkative.handle("/meshsub/1.2.0", () => undefined);
    await talkative.dial(multiaddr(victim.wire.addresses()[0] as string));
    const { raw } = await stranger(victim.wire);
    await until("its end", () => talkative.getConnections().length === 0);
    expect(victim.wire.peers().map(({ id }) => id)).toEqual([raw.peerId.toString()]);
  });

  it("reaches neither the table nor the log with control characters", async () => {
    const victim = await node();
    const agent = "evil/1 \u001b[31m\u0007\r\n\u0085\u009b2J\u202egnp\u2028 end";
    await stranger(victim.wire, { agent });
    expect(victim.wire.peers()[0]?.agent).toBe("evil/1 [31m2Jgnp  end");
    // Of another network: the agent goes to the log.
    const raw = await rawNode({ agent });
    open.push(raw);
    await raw.dial(multiaddr(victim.wire.addresses()[0] as string)).catch(() => undefined);
    await until("its end", () => raw.getConnections().length === 0);
    const said = JSON.stringify(victim.lines.map(({ data }) => Object.values(data)));
    expect(said).toContain("evil/1 [31m2Jgnp  end");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(/\\u00[01]|[\u0000-\u001f\u007f-\u009f\u202e\u2028]/.test(said)).toBe(false);
  });
});
