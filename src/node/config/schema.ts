// The one schema of a node's settings: file, environment, flags and the scripting API all end here.
import { z } from "zod";
import { ROLE_NAMES } from "../views/status.ts";

/** Where a node listens when nobody says: this, or a free port when it is taken. */
export const DEFAULT_LISTEN = "/ip4/0.0.0.0/tcp/9444";
/** Where the API answers when nobody says: this, or a free port when it is taken. */
export const DEFAULT_API_PORT = 9480;
/** Networks that come with the package; anything else is the path of a genesis file. */
export const NETWORKS = ["devnet", "testnet"] as const;
const PROVIDERS = ["auto", "cpu", "cuda", "webgpu", "wasm"] as const;
const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

const HOST = /^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d{1,5}/;
const listenAddress = z.string().regex(/^\/(ip4|ip6)\/[^/]+\/tcp\/\d{1,5}$/, "must look like /ip4/0.0.0.0/tcp/9444");
const peerAddress = z
  .string()
  .refine(
    (text) => text.startsWith("/dnsaddr/") || HOST.test(text),
    "must look like /ip4/192.0.2.1/tcp/9444/p2p/12D3Koo...",
  );
const WORKERS = "must be auto or a number from 1 to 256";
const PORT = "must be auto, off or a port from 0 to 65535";
const distinct = <T>(values: T[]): T[] => [...new Set(values)];

export const optionsSchema = z.strictObject({
  /** What the node does for the network; the order is of no matter. */
  roles: z.array(z.enum(ROLE_NAMES)).min(1, "must name at least one role").transform(distinct).default(["peer"]),
  /** Peers to dial at start and whenever none is left. */
  bootstrap: z.array(peerAddress).transform(distinct).default([]),
  /** Listening addresses. Empty: DEFAULT_LISTEN, or a free port when it is taken. */
  listen: z.array(listenAddress).transform(distinct).default([]),
  /** Addresses told to others instead of the listening ones: a forwarded port, a name, a proxy. */
  announce: z.array(peerAddress).transform(distinct).default([]),
  /** `devnet`, `testnet` or the path of a genesis file. */
  network: z.string().min(1).default("devnet"),
  /** Where chain, keys and data live. */
  dataDir: z.string().min(1),
  /** `auto` takes the best that is there and conforms. */
  provider: z.enum(PROVIDERS).default("auto"),
  /** Worker threads that train; `auto` is one less than the processor's cores. */
  workers: z.union([z.literal("auto"), z.int().min(1, WORKERS).max(256, WORKERS)], WORKERS).default("auto"),
  /** The API's interface. Anything but a loopback address opens it to the network. */
  apiHost: z.string().min(1).default("127.0.0.1"),
  /** `auto`: DEFAULT_API_PORT, or a free port when it is taken; 0: a free port; `off`: no API. */
  apiPort: z.union([z.enum(["auto", "off"]), z.int().min(0, PORT).max(65535, PORT)], PORT).default("auto"),
  logLevel: z.enum(LEVELS).default("info"),
  /** Keep the chain in memory only. */
  ephemeral: z.boolean().default(false),
  /** Find peers on the local network by multicast. */
  mdns: z.boolean().default(false),
  /** Connections kept at most. */
  maxPeers: z.int().min(1).max(1000).default(50),
  /** Accounts whose verdicts are believed by a node that cannot train. */
  trustedVerifiers: z
    .array(z.string().regex(/^(0x)?[0-9a-fA-F]{64}$/, "must be an address of 64 hex digits"))
    .transform(distinct)
    .default([]),
  /** The account's secret key instead of the wallet file; from the environment or the scripting API. */
  accountSecret: z
    .string()
    .regex(/^(0x)?[0-9a-fA-F]{64}$/, "must be 64 hex digits")
    .optional(),
  /** Bounds that few people touch. */
  limits: z
    .strictObject({
      /** Largest body of an API request. */
      apiBodyBytes: z
        .int()
        .min(1024)
        .max(1 << 24)
        .default(65536),
      /** Live event streams open at once. */
      apiStreams: z.int().min(1).max(1000).default(16),
      /** Time for a clean stop before the process ends anyway. */
      stopMs: z.int().min(100).max(600_000).default(15_000),
    })
    .prefault({}),
});

/** A node's settings, complete. */
export type NodeOptions = z.infer<typeof optionsSchema>;
/** What a caller may give: everything has a default. */
export type NodeOptionsInput = Partial<z.input<typeof optionsSchema>>;
