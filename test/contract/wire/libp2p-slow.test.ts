// Peers that read a few bytes a second: what was made for them is held for a while and up to a bound, and nobody else waits for it.
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import { afterEach, expect, it } from "vitest";
import { topicName } from "../../../src/adapters/libp2p/index.ts";
import { concatBytes, u32be } from "../../../src/base/index.ts";
import { MAX_REPLY_BYTES, MESSAGES, TOPICS } from "../../../src/codec/index.ts";
import type { Clock, Wire } from "../../../src/ports/index.ts";
import { bytes, join, memoryMetrics, recorder, systemClock, text, until, untilGossips, within } from "./lab.ts";
import { framed, makeWire, NETWORK, type SlowLink, type Stranger, slowLink, strangerTo } from "./libp2p-lab.ts";

const open: { stop(): Promise<void> | void }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
});

/** Longest that an answer may take, ms: on the victim's clock it is over when the test says so. */
const REQUEST_MS = 30_000;
let over: (() => void)[] = [];
const clock: Clock = {
  ...systemClock,
  after: (ms, run) => {
    if (ms !== REQUEST_MS) return systemClock.after(ms, run);
    over.push(run);
    return () => {
      over = over.filter((other) => other !== run);
    };
  },
};

async function node() {
  const metrics = memoryMetrics();
  const wire = await makeWire({ exemptLocal: false, maxConnections: 64 }, { metrics, clock });
  open.push(wire);
  let asked = 0;
  const log = recorder({
    answer: async (_protocol, data) => {
      if (text(data) !== "large") return data;
      asked++;
      return new Uint8Array(MAX_REPLY_BYTES);
    },
  });
  await wire.start(log.handlers);
  return { wire, log, metrics, asked: () => asked };
}

interface Slow extends Stranger {
  readonly link: SlowLink;
}

async function slowStranger(victim: Wire, from: string): Promise<Slow> {
  const link = await slowLink(victim, from);
  open.push(link);
  const one = await strangerTo(victim, { through: link.port });
  open.push(one.raw);
  return { ...one, link };
}

it("hold their answers' places, and none of an honest peer's, until the time of an answer is over", async () => {
  const [victim, honest] = [await node(), await node()];
  await join(honest.wire, victim.wire);
  const question = bytes("large");
  for (let group = 1; group <= 5; group++) {
    const { connection, link } = await slowStranger(victim.wire, `127.9.${group}.1`);
    const streams = await Promise.all(
      Array.from({ length: 8 }, () => connection.newStream(`/pouw/${NETWORK}/blob/1`, { maxOutboundStreams: 99 })),
    );
    link.slow();
    for (const stream of streams) stream.send(concatBytes(u32be(question.length), question));
  }
  // Forty questions for 32 places.
  // A group that holds none gets one all the same.
  await until("the answers", () => victim.asked() === 33);
  const reply = await honest.wire.request(victim.wire.peerId, "blob", bytes("meanwhile"), within(10_000));
  expect(text(reply)).toBe("meanwhile");
  expect(victim.asked()).toBe(33);
  const failed = (): number =>
    victim.metrics.values.get('pouw_network_request_seconds{"way":"in","protocol":"blob","outcome":"failed"}') ?? 0;
  expect(failed()).toBe(0);
  for (const run of over.splice(0)) run();
  // Their places go to those that waited.
  await until("the end of the answers", () => failed() === 33 && victim.asked() === 40);
  expect(victim.wire.stats().banned).toBe(0);
});

it("lose the gossip link when 4 MiB wait for them, while an honest peer hears everything", async () => {
  const [victim, honest] = [await node(), await node()];
  await join(honest.wire, victim.wire);
  await untilGossips(victim.wire, "before", honest.log.hears);
  const { link, raw, gossip } = await slowStranger(victim.wire, "127.9.0.1");
  const id = raw.peerId.toString();
  const isHere = (): boolean => victim.wire.peers().some((one) => one.id === id);
  const subscriptions = TOPICS.map((topic) => ({ topic: topicName(NETWORK, topic), subscribe: true }));
  (await gossip()).send(framed(RPC.encode({ subscriptions, messages: [] })));
  await until("the mesh", () => (victim.metrics.values.get('pouw_network_mesh_peers{"topic":"block"}') ?? 0) === 2);
  link.slow();
  const say = async (number: number): Promise<void> => {
    const message = new Uint8Array(MESSAGES.block.limit);
    message.set(bytes(`block ${number}.`));
    await victim.wire.publish("block", message);
    await until(`block ${number}`, () => honest.log.heard.some((one) => one.text.startsWith(`block ${number}.`)));
  };
  // Six MiB: less than half of what waited before there was a bound to speak of.
  for (let number = 0; number < 24; number++) await say(number);
  await until("the end of the slow one's link", () => !isHere());
  await untilGossips(victim.wire, "after", honest.log.hears);
});
