// The node's settings, one row each: schema, default, flag and help. Environment names, the configuration file, the type
// of the options, `config explain` and docs/settings.md are made from the rows, so a new setting touches this file only.
import { join } from "node:path";
import { z } from "zod";
import { parseAddress, setting } from "../../base/index.ts";
import { ROLE_NAMES, taskNames } from "../../roles/index.ts";
import { didYouMean } from "./suggest.ts";

/** Where a node listens when nobody says: this, or a free port when it is taken. */
export const DEFAULT_LISTEN = "/ip4/0.0.0.0/tcp/9444";
/** Where the API answers when nobody says: this, or a free port when it is taken. */
export const DEFAULT_API_PORT = 9480;
/** Networks that come with the package; anything else is the path of a genesis file. */
const NETWORKS = ["devnet", "testnet"] as const;
const PROVIDERS = ["auto", "cpu", "cuda", "webgpu", "wasm", "none"] as const;
const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

const HOST = /^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d{1,5}/;
const LISTEN = "must look like /ip4/0.0.0.0/tcp/9444";
const DIAL = "must look like /ip4/192.0.2.1/tcp/9444/p2p/12D3Koo...";
const WORKERS = "must be auto or a number from 1 to 256";
const PORT = "must be auto, off or a port from 0 to 65535";
const ACCOUNT = "must be an address: bech32m, or 64 hex digits";
const SECRET = "must be 64 hex digits";
const PATH = "must be the path of a module, such as ./mine.js";
const HEX_32 = /^(0x)?[0-9a-fA-F]{64}$/;

/** A list with each value once. */
const listOf = <T extends z.ZodType>(item: T, rule: string) =>
  z.array(item, rule).transform((values) => [...new Set(values)]);
const whole = (min: number, max: number, rule = `must be a whole number from ${min} to ${max}`) =>
  z.int(rule).min(min, rule).max(max, rule);
const words = (rule: string) => z.string(rule).min(1, rule);
const onOff = z.boolean("must be true or false (as text also on or off)").default(false);

const listenAddress = z.string(LISTEN).regex(/^\/(ip4|ip6)\/[^/]+\/tcp\/\d{1,5}$/, LISTEN);
const peerAddress = z.string(DIAL).refine((text) => text.startsWith("/dnsaddr/") || HOST.test(text), DIAL);
const modulePath = z.string(PATH).regex(/^(\.{1,2}[\\/]|[\\/]|[A-Za-z]:[\\/]|file:)./, PATH);

function isAddress(text: string): boolean {
  try {
    return parseAddress(text).length === 32;
  } catch {
    return false;
  }
}

/** A built-in network, or whatever looks like a path. */
const network = words("must be devnet, testnet or the path of a genesis file").superRefine((name, context) => {
  if ((NETWORKS as readonly string[]).includes(name) || /[./\\]/.test(name)) return;
  context.addIssue({
    code: "custom",
    message: `There is no built-in network "${name}"${didYouMean(name, NETWORKS)}.`,
    params: { remedy: "Use devnet, testnet, or the path of a genesis file such as ./my-net.json." },
  });
});

/** `<home>/.pouw/<network>`, with a genesis file's name for its network's. */
function usualDataDir(home: string, given: (key: string) => unknown): string {
  const name = String(given("network") ?? "devnet")
    .replace(/^.*[\\/]/, "")
    .replace(/\.json$/, "");
  return join(home, ".pouw", name);
}

/** Roles by name; plugins bring more of them. */
export const rolesSchema = (names: readonly string[]) =>
  listOf(z.enum(names as [string, ...string[]]), "must be a list of roles")
    .refine((roles) => roles.length > 0, "must name at least one role")
    .default(["peer"]);

export const NODE_SETTINGS = [
  setting({
    key: "roles",
    schema: rolesSchema(ROLE_NAMES),
    flag: "role",
    value: "roles",
    alias: "role",
    help: "what to do: miner, verifier, peer ...; several with commas, in any order",
  }),
  setting({
    key: "tasks",
    schema: taskNames,
    flag: "task",
    value: "task",
    help: "a task to follow, by name or id; may be repeated; none: every task of the network",
  }),
  setting({
    key: "bootstrap",
    schema: listOf(peerAddress, "must be a list of addresses").default([]),
    flag: "bootstrap",
    value: "multiaddr",
    help: "a peer to join at the start and whenever none is left; may be repeated",
  }),
  setting({
    key: "listen",
    schema: listOf(listenAddress, "must be a list of addresses").default([]),
    flag: "listen",
    value: "multiaddr",
    help: `an address to listen on; may be repeated; none: ${DEFAULT_LISTEN}, or a free port when it is taken`,
  }),
  setting({
    key: "announce",
    schema: listOf(peerAddress, "must be a list of addresses").default([]),
    flag: "announce",
    value: "multiaddr",
    help: "tell others this address instead of the listening ones: a forwarded port, a name, a proxy; may be repeated",
  }),
  setting({
    key: "network",
    schema: network.default("devnet"),
    flag: "network",
    value: "name|file",
    help: "devnet, testnet or the path of a genesis file",
  }),
  setting({
    key: "dataDir",
    schema: words("must be the path of a directory"),
    flag: "data-dir",
    value: "dir",
    help: "where chain, keys and data live",
    derived: { shown: "~/.pouw/<network>", from: usualDataDir },
  }),
  setting({
    key: "plugins",
    schema: listOf(modulePath, "must be a list of paths").default([]),
    flag: "plugin",
    value: "path",
    help: "a module to load at the start, such as ./mine.js; may be repeated; in the file: from the file's directory",
  }),
  setting({
    key: "provider",
    schema: z.enum(PROVIDERS).default("auto"),
    flag: "provider",
    value: "name",
    help: "what trains: cpu, cuda, webgpu or wasm; auto: the best that is there and conforms; none: nothing trains here",
  }),
  setting({
    key: "workers",
    schema: z.union([z.literal("auto"), whole(1, 256, WORKERS)], WORKERS).default("auto"),
    flag: "workers",
    value: "n",
    help: "training threads, 1 to 256; auto: one less than the processor's cores",
  }),
  setting({
    key: "apiHost",
    schema: words("must be the name or address of an interface").default("127.0.0.1"),
    flag: "api-host",
    value: "host",
    help: "interface of the HTTP API; anything but a loopback address opens it to the network",
  }),
  setting({
    key: "apiPort",
    schema: z.union([z.enum(["auto", "off"]), whole(0, 65535, PORT)], PORT).default("auto"),
    flag: "api-port",
    value: "port",
    help: `port of the HTTP API; auto: ${DEFAULT_API_PORT}, or a free one when it is taken; 0: a free one; off: no API`,
  }),
  setting({
    key: "logLevel",
    schema: z.enum(LEVELS).default("info"),
    flag: "log-level",
    value: "level",
    help: "debug, info, warn, error or silent",
  }),
  setting({
    key: "retention",
    schema: whole(256, 10_000_000).default(2_000),
    flag: "retention",
    value: "blocks",
    help: "blocks under the tip whose deltas and parameters are kept; older ones keep their blocks and records only",
  }),
  setting({ key: "archive", schema: onOff, flag: "archive", help: "keep the deltas and parameters of all blocks" }),
  setting({
    key: "verifyAll",
    schema: onOff,
    flag: "verify-all",
    help: "run the unit of every block of the past when joining, not a sample that nobody can foresee",
  }),
  setting({ key: "ephemeral", schema: onOff, flag: "ephemeral", help: "keep the chain in memory only" }),
  setting({ key: "mdns", schema: onOff, flag: "mdns", help: "find peers on the local network by multicast" }),
  setting({
    key: "maxPeers",
    schema: whole(1, 1000).default(50),
    flag: "max-peers",
    value: "n",
    help: "connections kept at most",
  }),
  setting({
    key: "exemptLocal",
    schema: onOff,
    flag: "exempt-local",
    help: "no limits per IP group for loopback and private addresses: for many nodes on one machine or private network",
  }),
  setting({
    key: "trustedVerifiers",
    schema: listOf(z.string(ACCOUNT).refine(isAddress, ACCOUNT), "must be a list of addresses").default([]),
    flag: "trust-verifier",
    value: "address",
    help: "believe this account's attestations on a node that cannot train; may be repeated",
  }),
  setting({
    key: "accountSecret",
    schema: z.string(SECRET).regex(HEX_32, SECRET).optional(),
    help: "the account's secret key, 64 hex digits, instead of the wallet file",
    secret: true,
  }),
  setting({
    key: "limits.apiBodyBytes",
    schema: whole(1024, 1 << 24).default(65536),
    help: "largest body of an API request, bytes",
  }),
  setting({
    key: "limits.apiStreams",
    schema: whole(1, 1000).default(16),
    help: "live event streams of the API open at once",
  }),
  setting({
    key: "limits.minFee",
    schema: whole(0, 2 ** 31).default(100),
    help: "lowest fee of a transaction that the node keeps and passes on, millionths of a coin",
  }),
  setting({
    key: "limits.stopMs",
    schema: whole(100, 600_000).default(15_000),
    help: "time for a clean stop before the process ends anyway, milliseconds",
  }),
] as const;
