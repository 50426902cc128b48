import { multiaddr } from "@multiformats/multiaddr";
import { describe, expect, it } from "vitest";
import { ipGroup } from "../../../src/adapters/libp2p/ip-group.ts";

const group = (text: string, exempt = false): string => ipGroup(multiaddr(text), { exempt });

describe("IP groups", () => {
  it.each([
    ["/ip4/203.0.113.7/tcp/1", "203.0.113.0/24"],
    ["/ip4/203.0.113.250/tcp/9/p2p/12D3KooWRBy97UB99e3J6hiPesre1MZeuNQvfan4gBziswrRJsNK", "203.0.113.0/24"],
    ["/ip4/127.0.0.1/tcp/1", "127.0.0.0/24"],
    ["/ip6/2a00:1450:4001:812::200e/tcp/1", "2a00:1450:4001::/48"],
    ["/ip6/2a00:1450:4001:ffff:1:2:3:4/tcp/1", "2a00:1450:4001::/48"],
    ["/ip6/2a00::1/tcp/1", "2a00:0:0::/48"],
    ["/ip6/::1/tcp/1", "0:0:0::/48"],
    ["/ip6/::ffff:203.0.113.9/tcp/1", "203.0.113.0/24"],
    ["/ip6/::ffff:cb00:7109/tcp/1", "203.0.113.0/24"],
    ["/ip6zone/eth0/ip6/fe80::1/tcp/1", "fe80:0:0::/48"],
    ["/dns4/example.org/tcp/1", "no IP address"],
  ])("%s is of %s", (text, of) => {
    expect(group(text)).toBe(of);
  });

  it.each([
    ["/ip4/127.0.0.1/tcp/1234", "127.0.0.1 1234"],
    ["/ip4/10.9.8.7/tcp/1", "10.9.8.7 1"],
    ["/ip4/172.31.0.1/tcp/1", "172.31.0.1 1"],
    ["/ip4/192.168.1.1/tcp/1", "192.168.1.1 1"],
    ["/ip6/::1/tcp/1", "::1 1"],
    ["/ip6/fd00::5/tcp/1", "fd00::5 1"],
    ["/ip6zone/eth0/ip6/fe80::1/tcp/1", "fe80::1 1"],
    ["/ip6/::ffff:127.0.0.1/tcp/1", "::ffff:7f00:1 1"],
  ])("with local ranges exempt %s stands for itself", (text, of) => {
    expect(group(text, true)).toBe(of);
  });

  it.each([
    "/ip4/172.32.0.1/tcp/1",
    "/ip4/100.64.0.1/tcp/1",
    "/ip4/203.0.113.7/tcp/1",
    "/ip6/2002:7f00:1::1/tcp/1",
    "/ip6/::ffff:8.8.8.8/tcp/1",
  ])("%s is local to nobody, exempt or not", (text) => {
    expect(group(text, true)).toBe(group(text));
  });
});
