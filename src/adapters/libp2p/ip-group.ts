// Which peers share one budget: an IP group is a /24 of IPv4 or a /48 of IPv6, since whoever has one address of it has many.
import { BlockList } from "node:net";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";

/** Loopback, link-local and private ranges: addresses that a stranger from afar cannot come from. */
const LOCAL = new BlockList();
for (const [net, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const)
  LOCAL.addSubnet(net, prefix, "ipv4");
for (const [net, prefix] of [
  ["::1", 128],
  ["fc00::", 7],
  ["fe80::", 10],
] as const)
  LOCAL.addSubnet(net, prefix, "ipv6");

/** First ten bytes zero, then two of ones: an IPv4 address as sockets of both kinds show it. */
const MAPPED = [...new Array<number>(10).fill(0), 0xff, 0xff];

/**
 * The IP group of an address. With `exempt` every local address and port is a group of its own, so that many nodes
 * may share a machine or a network.
 */
export function ipGroup(address: Multiaddr, { exempt }: { readonly exempt: boolean }): string {
  const parts = address.getComponents();
  const ip = parts.find(({ name }) => name === "ip4" || name === "ip6");
  if (ip?.value === undefined) return "no IP address";
  if (exempt && LOCAL.check(ip.value, ip.name === "ip4" ? "ipv4" : "ipv6"))
    return `${ip.value} ${parts.find(({ name }) => name === "tcp")?.value ?? ""}`;
  // A multiaddr's bytes: its code, then the address.
  const bytes = multiaddr(`/${ip.name}/${ip.value}`).bytes.subarray(1);
  const four = MAPPED.every((byte, i) => bytes[i] === byte) ? bytes.subarray(12) : bytes;
  if (four.length === 4) return `${four.subarray(0, 3).join(".")}.0/24`;
  const word = (at: number): string => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16);
  return `${word(0)}:${word(2)}:${word(4)}::/48`;
}
