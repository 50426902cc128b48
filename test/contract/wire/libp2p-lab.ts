// Makes libp2p wires on loopback for tests, and strangers that speak the same protocols as badly as a test wants.
import { connect, createServer, type Socket } from "node:net";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { identify } from "@libp2p/identify";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { createLibp2pWire, type Libp2pWireOptions } from "../../../src/adapters/libp2p/index.ts";
import { concatBytes } from "../../../src/base/index.ts";
import type { Clock, Wire } from "../../../src/ports/index.ts";
import { type LogLine, memoryLog, memoryMetrics, systemClock, until } from "./lab.ts";

export const NETWORK = "test/0badcafe";

/** What a test looks at afterwards. */
export interface Records {
  readonly lines?: LogLine[];
  readonly metrics?: ReturnType<typeof memoryMetrics>;
  readonly clock?: Clock;
}

/** A wire on a free port of 127.0.0.1 that dials nobody by itself. */
export function makeWire(options: Partial<Libp2pWireOptions> = {}, records: Records = {}): Promise<Wire> {
  return createLibp2pWire(
    {
      network: NETWORK,
      listen: ["/ip4/127.0.0.1/tcp/0"],
      bootstrap: [],
      dataDir: undefined,
      mdns: false,
      maxConnections: 50,
      exemptLocal: true,
      lan: true,
      agent: "pouw-test/1",
      minPeers: 0,
      ...options,
    },
    { log: memoryLog(records.lines), clock: records.clock ?? systemClock, metrics: records.metrics ?? memoryMetrics() },
  );
}

export interface StrangerOptions {
  /** Own address, which decides the IP group: any of 127.0.0.0/8. */
  readonly from?: string;
  readonly agent?: string;
  /** Protocols that it says it speaks, beyond those of a peer. */
  readonly more?: readonly string[];
  /** A port of this machine that leads to the victim. */
  readonly through?: number;
}

/** Any bytes over TCP, noise and yamux. */
export function rawNode({ from, agent }: StrangerOptions = {}): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: [] },
    ...(agent === undefined ? {} : { nodeInfo: { userAgent: agent } }),
    // The type knows less than what is handed on to the socket.
    transports: [tcp(from === undefined ? {} : { dialOpts: { localAddress: from } as object })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    // It leaves when the test says so, not when the victim is slow to answer.
    connectionMonitor: { enabled: false },
  });
}

export interface Stranger {
  readonly raw: Libp2p;
  readonly connection: Connection;
  readonly to: string;
  /** A new gossip stream to the victim. */
  gossip(): Promise<Stream>;
}

/** A peer that passes for one of ours and then speaks whatever the test wants; the caller stops `raw`. */
export async function strangerTo(victim: Wire, options: StrangerOptions = {}): Promise<Stranger> {
  const raw = await rawNode(options);
  await raw.handle(`/pouw/${NETWORK}/status/1`, (stream) => void stream.close());
  // The gossip protocol too, or the victim's watchdog would end the connection for another reason.
  await raw.handle("/meshsub/1.2.0", () => undefined);
  for (const protocol of options.more ?? []) await raw.handle(protocol, () => undefined);
  const to = (victim.addresses()[0] as string).replace(/(?<=\/tcp\/)\d+/, (port) => `${options.through ?? port}`);
  const connection = await raw.dial(multiaddr(to));
  await until("the stranger is taken for a peer", () => victim.peers().some((one) => one.id === raw.peerId.toString()));
  return { raw, connection, to, gossip: () => connection.newStream("/meshsub/1.2.0") };
}

export interface SlowLink {
  readonly port: number;
  /** From now on a few bytes a second of what the victim says come through. */
  slow(): void;
  stop(): void;
}

/** A way to a wire from an address of 127.0.0.0/8. */
export async function slowLink(victim: Wire, from: string): Promise<SlowLink> {
  const port = Number(/\/tcp\/(\d+)/.exec(victim.addresses()[0] as string)?.[1]);
  const sockets: Socket[] = [];
  const timers: NodeJS.Timeout[] = [];
  const slowers: (() => void)[] = [];
  const server = createServer((near) => {
    const far = connect({ port, host: "127.0.0.1", localAddress: from });
    sockets.push(near, far);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => other.destroy());
      one.once("close", () => other.destroy());
      one.pipe(other);
    }
    slowers.push(() => {
      far.unpipe(near);
      timers.push(setInterval(() => void near.write(far.read(1) ?? ""), 250));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    slow: () => {
      for (const slow of slowers.splice(0)) slow();
    },
    stop: () => {
      server.close();
      for (const timer of timers) clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A gossip frame: a varint of its length, then the bytes. */
export function framed(payload: Uint8Array, claimed = payload.length): Uint8Array {
  const length: number[] = [];
  for (let rest = claimed; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return concatBytes(new Uint8Array([...length, rest]), payload);
    length.push((rest % 128) | 128);
  }
}
