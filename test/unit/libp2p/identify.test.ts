// What is kept of what a peer says of itself: few addresses, protocols that matter, a short name in plain characters.
import { multiaddr } from "@multiformats/multiaddr";
import { expect, it } from "vitest";
import { plainText, trimmed } from "../../../src/adapters/libp2p/peers/identify.ts";

const address = (text: string): Uint8Array => multiaddr(text).bytes;

it("is cut to size, each part by itself", () => {
  const few = Array.from({ length: 20 }, (_, i) => address(`/ip4/10.0.0.${i}/tcp/1`));
  const long = address(`/dns4/${"a".repeat(200)}/tcp/1`);
  const ours = Array.from({ length: 50 }, (_, i) => `/pouw/test/${i}/1`);
  const kept = trimmed({
    agentVersion: "a".repeat(500),
    protocolVersion: "1",
    listenAddrs: [long, ...few],
    protocols: ["/other/1", `/pouw/${"x".repeat(200)}`, "/pouw/with space", "/meshsub/1.2.0", ...ours],
    observedAddr: few[0] as Uint8Array,
    signedPeerRecord: new Uint8Array(9),
  });
  expect(kept).toEqual({
    agentVersion: "a".repeat(64),
    listenAddrs: few.slice(0, 8),
    protocols: ["/meshsub/1.2.0", ...ours.slice(0, 31)],
  });
});

it("is left as it is where it is little", () => {
  const said = { agentVersion: "pouw/1", listenAddrs: [], protocols: ["/pouw/test/status/1"] };
  expect(trimmed(said)).toEqual(said);
  expect(trimmed({ listenAddrs: [], protocols: [] })).toEqual({ listenAddrs: [], protocols: [] });
});

it("has one kind of space and no character that a terminal would obey", () => {
  expect(plainText("a\u001b[31m\u0007\r\n\u0085b\u202e\u2028c\u00a0d", 64)).toBe("a[31mb c d");
});
