// Attacks by connections: silent ones, many of one machine, pings and control messages without end, and claims of work that is nowhere.
import { connect, type Socket } from "node:net";
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import { noise as encrypter } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import type { Connection, Libp2p } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { networkPrefix, topicName } from "../../src/adapters/libp2p/index.ts";
import { protocolName } from "../../src/adapters/libp2p/options.ts";
import { concatBytes } from "../../src/base/index.ts";
import { type Attack, again, Crowd } from "./attack.ts";
import { noise } from "./forge.ts";
import { openStranger, type Target } from "./stranger.ts";

const PING = "/ipfs/ping/1.0.0";
const GOSSIP = "/meshsub/1.2.0";

/** 40 sockets that say nothing, opened again when they are closed. */
const silentSockets = (count: number): Attack => ({
  what: `${count} TCP connections that say nothing, opened again when they are closed`,
  async prepare({ address }) {
    const [host, port] = address.split("/").filter((_, at) => at === 2 || at === 4) as [string, string];
    const sockets = new Set<Socket>();
    let opened = 0;
    const open = (): void => {
      const socket = connect({ host, port: Number(port) });
      opened++;
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    };
    return {
      lures: [],
      run: async (options) => {
        await again(50, options, async () => {
          while (sockets.size < count) open();
          return true;
        });
        return opened;
      },
      close: async () => {
        for (const socket of sockets) socket.destroy();
      },
    };
  },
});

/** Many identities of one machine, that only stay. */
const manyIds = (count: number): Attack => ({
  what: `${count} peers of one address that do nothing but stay`,
  async prepare(target) {
    const crowd = new Crowd(target, count);
    return {
      lures: [],
      run: (options) => again(100, options, async (n) => (await crowd.member(n)) !== undefined),
      close: () => crowd.close(),
    };
  },
});

/** A bare libp2p node that passes for a peer of the network. */
async function bare({ network: { genesis, rules } }: Target, agent: string): Promise<Libp2p> {
  const raw = await createLibp2p({
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [encrypter()],
    streamMuxers: [yamux()],
    nodeInfo: { userAgent: agent },
    services: { identify: identify() },
  });
  const prefix = networkPrefix(genesis.network, rules.genesis);
  await raw.handle(protocolName(prefix, "status"), (stream) => void stream.close());
  await raw.handle(GOSSIP, () => undefined);
  return raw;
}

/** Bare nodes that do a thing on their connection, as fast as it is taken. */
const onConnection = (
  what: string,
  size: number,
  everyMs: number,
  act: (connection: Connection, target: Target) => Promise<number>,
): Attack => ({
  what: `${what}, from ${size} peers that come back under new names`,
  async prepare(target) {
    const nodes: Libp2p[] = [];
    const links: (Connection | undefined)[] = [];
    let sent = 0;
    const link = async (at: number): Promise<Connection> => {
      const known = links[at];
      if (known?.status === "open") return known;
      await nodes[at]?.stop();
      const node = await bare(target, `stranger \u001b[31m\u0007${"x".repeat(200)}`);
      nodes[at] = node;
      const opened = await node.dial(multiaddr(target.address), { signal: AbortSignal.timeout(5_000) });
      links[at] = opened;
      return opened;
    };
    return {
      lures: [],
      run: async (options) => {
        await Promise.all(
          Array.from({ length: size }, (_, at) =>
            again(everyMs, options, async () => {
              sent += await act(await link(at), target);
              return true;
            }),
          ),
        );
        return sent;
      },
      close: async () => {
        await Promise.all(nodes.map((node) => node.stop()));
      },
    };
  },
});

const drained = async (stream: Awaited<ReturnType<Connection["newStream"]>>): Promise<void> => {
  if (!stream.send(new Uint8Array(0))) await stream.onDrain({ signal: AbortSignal.timeout(2_000) });
};

/** A burst of pings on one stream. */
async function pings(connection: Connection): Promise<number> {
  const stream = await connection.newStream(PING, { signal: AbortSignal.timeout(2_000) });
  const count = 200;
  for (let i = 0; i < count; i++) stream.send(noise());
  await drained(stream);
  await stream.close();
  return count;
}

function framed(payload: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = payload.length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return concatBytes(new Uint8Array([...length, rest]), payload);
    length.push((rest % 128) | 128);
  }
}

/** GRAFT, PRUNE, IHAVE and IWANT, a hundred of each in a frame. */
async function controls(connection: Connection, { network: { genesis, rules } }: Target): Promise<number> {
  const topicID = topicName(networkPrefix(genesis.network, rules.genesis), "block");
  const ids = Array.from({ length: 100 }, noise);
  const control = {
    graft: ids.map(() => ({ topicID })),
    prune: ids.map(() => ({ topicID, peers: [] })),
    ihave: [{ topicID, messageIDs: ids }],
    iwant: [{ messageIDs: ids }],
    idontwant: [],
  };
  const stream = await connection.newStream(GOSSIP, { signal: AbortSignal.timeout(2_000) });
  for (let i = 0; i < 10; i++) stream.send(framed(RPC.encode({ subscriptions: [], messages: [], control })));
  await drained(stream);
  return 10;
}

/** Peers that claim all the work there could be, and never answer. */
const bigClaims = (count: number): Attack => ({
  what: `${count} peers that claim much work and never answer, told to the newcomer too`,
  async prepare(target) {
    const claim = { work: new Uint8Array(32).fill(1), height: 1_000_000, head: noise() };
    const options = { claim, answer: () => new Promise<never>(() => undefined), listen: ["/ip4/127.0.0.1/tcp/0"] };
    const wires = await Promise.all(Array.from({ length: count }, () => openStranger(target, options)));
    const crowd = new Crowd(target, count, { claim, answer: options.answer });
    return {
      lures: wires.map((wire) => wire.addresses()[0] as string),
      run: (run) => again(250, run, async (n) => (await crowd.member(n)) !== undefined),
      close: async () => {
        await crowd.close();
        await Promise.all(wires.map((wire) => wire.stop()));
      },
    };
  },
});

export const SOCKETS: { readonly [name: string]: Attack } = {
  "silent-sockets": silentSockets(40),
  "many-ids": manyIds(49),
  pings: onConnection("pings, 200 on a stream", 2, 5, pings),
  controls: onConnection("frames of 400 control messages", 4, 20, controls),
  "big-claims": bigClaims(8),
};
