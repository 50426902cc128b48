// Attacks by connections: silent ones, many of one machine, control messages without end, and claims of work that is nowhere.
import net, { type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import type { Connection, Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { networkPrefix, topicName } from "../../src/adapters/libp2p/index.ts";
import { protocolName } from "../../src/adapters/libp2p/options.ts";
import { framed, rawNode } from "../../test/contract/wire/libp2p-lab.ts";
import { type Attack, again, Crowd } from "./attack.ts";
import { noise } from "./forge.ts";
import { openStranger, type Target } from "./stranger.ts";

const GOSSIP = "/meshsub/1.2.0";
/** Frames on one stream. */
const FRAMES = 10;

/** 40 sockets that say nothing, opened again when they are closed. */
const silentSockets = (count: number): Attack => ({
  what: `${count} TCP connections that say nothing, opened again when they are closed`,
  async prepare({ address }) {
    const [host, port] = address.split("/").filter((_, at) => at === 2 || at === 4) as [string, string];
    const sockets = new Set<Socket>();
    let opened = 0;
    const open = (): void => {
      const socket = net.connect({ host, port: Number(port) });
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
  const raw = await rawNode({ agent });
  const prefix = networkPrefix(genesis.network, rules.genesis);
  await raw.handle(protocolName(prefix, "status"), (stream) => void stream.close());
  await raw.handle(GOSSIP, () => undefined);
  return raw;
}

/** Bare nodes that send frame after frame of control messages, as fast as they are taken. */
const controlFlood = (size: number, everyMs: number): Attack => ({
  what: `frames of 400 control messages, from ${size} peers that come back under new names`,
  async prepare(target) {
    const nodes: Libp2p[] = [];
    const links: (Connection | undefined)[] = [];
    const link = async (at: number): Promise<Connection> => {
      const known = links[at];
      if (known?.status === "open") return known;
      await ended(nodes[at]);
      const node = await bare(target, `stranger \u001b[31m\u0007${"x".repeat(200)}`);
      nodes[at] = node;
      const opened = await node.dial(multiaddr(target.address), { signal: AbortSignal.timeout(5_000) });
      links[at] = opened;
      return opened;
    };
    return {
      lures: [],
      run: async (options) => {
        const send = (_: unknown, at: number) =>
          again(everyMs, options, async () => {
            await controls(await link(at), target);
            return true;
          });
        const counts = await Promise.all(Array.from({ length: size }, send));
        return FRAMES * counts.reduce((sum, count) => sum + count, 0);
      },
      close: async () => {
        await Promise.all(nodes.map(ended));
      },
    };
  },
});

/** Stops a node; what is queued on a connection that the victim does not read any more is not waited for. */
const ended = async (node: Libp2p | undefined): Promise<void> => {
  for (const connection of node?.getConnections() ?? []) connection.abort(new Error("the stranger left"));
  await Promise.race([node?.stop(), delay(2_000)]);
};

/** GRAFT, PRUNE, IHAVE and IWANT, a hundred of each in a frame. */
async function controls(connection: Connection, { network: { genesis, rules } }: Target): Promise<void> {
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
  for (let i = 0; i < FRAMES; i++) stream.send(framed(RPC.encode({ subscriptions: [], messages: [], control })));
  if (!stream.send(new Uint8Array(0))) await stream.onDrain({ signal: AbortSignal.timeout(2_000) });
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
  controls: controlFlood(4, 20),
  "big-claims": bigClaims(8),
};
