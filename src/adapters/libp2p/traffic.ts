// What the wire counts: for `stats()`, and as metrics `pouw_network_...`. Bytes are those on the sockets.
import type { MultiaddrConnection, Metrics as PeerLibraryMetrics } from "@libp2p/interface";
import type { Topic } from "../../codec/index.ts";
import type { Metrics, WireStats } from "../../ports/index.ts";
import type { WireProtocol } from "./options.ts";

const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30];
type Verdict = "accept" | "ignore" | "reject";

export interface Traffic {
  bytes(way: "in" | "out", count: number): void;
  /** A gossip message judged. */
  judged(topic: Topic, verdict: Verdict, seconds: number): void;
  published(topic: Topic): void;
  /** A request answered by us (`in`) or by a peer (`out`). */
  request(way: "in" | "out", protocol: WireProtocol, outcome: "ok" | "failed" | "timeout", seconds: number): void;
  /** A connection in debt is not read for a while. */
  paused(): void;
  reject(reason: string): void;
  ban(): void;
  dialled(outcome: "ok" | "failed"): void;
  peers(count: number): void;
  mesh(topic: Topic, count: number): void;
  stats(): WireStats;
}

function instruments(metrics: Metrics) {
  return {
    bytes: metrics.counter("pouw_network_traffic_bytes", "Bytes on the sockets.", ["way"]),
    gossip: metrics.counter("pouw_network_gossip_messages", "Gossip messages judged.", ["topic", "verdict"]),
    judging: metrics.histogram("pouw_network_gossip_seconds", "Time to judge a gossip message.", SECONDS, ["topic"]),
    published: metrics.counter("pouw_network_published_messages", "Own gossip messages.", ["topic"]),
    requests: metrics.histogram("pouw_network_request_seconds", "Requests on streams.", SECONDS, [
      "way",
      "protocol",
      "outcome",
    ]),
    pauses: metrics.counter("pouw_network_pauses_count", "Times that a connection in debt was not read."),
    strikes: metrics.counter("pouw_network_strikes_count", "Provable wrongs of peers."),
    bans: metrics.counter("pouw_network_bans_count", "Peers shut out."),
    dials: metrics.counter("pouw_network_dials_count", "Dials by the wire itself.", ["outcome"]),
    peers: metrics.gauge("pouw_network_peers_count", "Peers ready for requests."),
    mesh: metrics.gauge("pouw_network_mesh_peers", "Peers in the gossip mesh.", ["topic"]),
  };
}

export function createTraffic(metrics: Metrics): Traffic {
  const to = instruments(metrics);
  const sum = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, rejected: 0, banned: 0 };
  return {
    bytes: (way, count) => {
      if (way === "in") sum.bytesIn += count;
      else sum.bytesOut += count;
      to.bytes.add(count, { way });
    },
    judged: (topic, verdict, seconds) => {
      sum.messagesIn++;
      to.gossip.add(1, { topic, verdict });
      to.judging.observe(seconds, { topic });
    },
    published: (topic) => {
      sum.messagesOut++;
      to.published.add(1, { topic });
    },
    request: (way, protocol, outcome, seconds) => {
      // One question and one answer, so one message each way, unless nothing came back.
      sum.messagesIn += way === "in" || outcome === "ok" ? 1 : 0;
      sum.messagesOut += way === "out" || outcome === "ok" ? 1 : 0;
      to.requests.observe(seconds, { way, protocol, outcome });
    },
    paused: () => to.pauses.add(),
    reject: () => {
      sum.rejected++;
      to.strikes.add();
    },
    ban: () => {
      sum.banned++;
      to.bans.add();
    },
    dialled: (outcome) => to.dials.add(1, { outcome }),
    peers: (count) => to.peers.set(count),
    mesh: (topic, count) => to.mesh.set(count, { topic }),
    stats: () => ({ ...sum }),
  };
}

interface Sluice {
  onData?: (data: { readonly byteLength: number }) => void;
  sendData?: (data: { readonly byteLength: number }) => { readonly sentBytes: number };
}

/** Told of each piece that comes over a socket, before it is handled. */
type Watch = (socket: MultiaddrConnection) => (bytes: number) => void;

/** Counts the bytes of one socket. Wraps the two methods all bytes pass; an event listener would swallow bytes of the handshake. */
function countSocket(connection: MultiaddrConnection, traffic: Traffic, watch: Watch): void {
  const sluice = connection as MultiaddrConnection & Sluice;
  const { onData, sendData } = sluice;
  if (onData === undefined || sendData === undefined) return;
  const received = watch(connection);
  sluice.onData = (data) => {
    traffic.bytes("in", data.byteLength);
    received(data.byteLength);
    onData.call(sluice, data);
  };
  sluice.sendData = (data) => {
    const result = sendData.call(sluice, data);
    traffic.bytes("out", result.sentBytes);
    return result;
  };
}

/** libp2p's metrics hook, used only to see its sockets; every instrument it asks for does nothing. */
export function socketCounter(traffic: Traffic, watch: Watch): () => PeerLibraryMetrics {
  const nothing = {
    update: () => undefined,
    increment: () => undefined,
    decrement: () => undefined,
    observe: () => undefined,
    reset: () => undefined,
    timer: () => () => undefined,
  };
  const instrument = () => nothing;
  const hook = {
    trackMultiaddrConnection: (connection: MultiaddrConnection) => countSocket(connection, traffic, watch),
    trackProtocolStream: () => undefined,
    registerMetric: instrument,
    registerMetricGroup: instrument,
    registerCounter: instrument,
    registerCounterGroup: instrument,
    registerHistogram: instrument,
    registerHistogramGroup: instrument,
    registerSummary: instrument,
    registerSummaryGroup: instrument,
    traceFunction: <F>(_name: string, run: F) => run,
    createTrace: () => undefined,
  };
  return () => hook as unknown as PeerLibraryMetrics;
}
