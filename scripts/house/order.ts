// The import order of the house: one list per room whose insides have an order. test/arch holds every import to it, and
// `npm run house` draws it. A file imports from its own room or an earlier one, across rooms only through index.ts.

/** A room or a file; or several of which none imports another. */
export type Rank = string | readonly string[];

/** Every name that an order does not list: files and folders of which none imports another. */
export const OTHERS = "*";

/** Folders below src, "" being src itself; the names in each in the order in which they may import. */
export const ORDER: { readonly [folder: string]: readonly Rank[] } = {
  "": [
    "polyfill.ts",
    "base",
    "crypto",
    "codec",
    "ml",
    "work",
    "chain",
    "consensus",
    "ports",
    "engine",
    "roles",
    "adapters",
    "node",
    "api",
    "app",
    "index.ts",
    "cli",
  ],
  ml: ["data", "delta", "aggregation", "graph", "models", "index.ts"],
  engine: [
    "origin.ts",
    "events.ts",
    "blame.ts",
    "pause.ts",
    "turns.ts",
    "exchange",
    "storage",
    "chain",
    "training",
    "audits",
    "intake",
    "scrub-sources.ts",
    "options.ts",
    "wiring.ts",
    "engine.ts",
    "index.ts",
  ],
  roles: ["role.ts", "task-names.ts", OTHERS, "registry.ts", "index.ts"],
  adapters: [["artifacts", "clock", "level", "libp2p", "memory-wire", "onnx", "telemetry"]],
  "adapters/libp2p": [
    ["budget.ts", "deadline.ts", "identity.ts", "ip-group.ts", "options.ts"],
    ["traffic.ts", "work.ts"],
    "pace.ts",
    "gossip",
    "requests",
    "peers",
    "node.ts",
    "watchdog.ts",
    "start.ts",
    "wire.ts",
    "index.ts",
  ],
  node: ["paths.ts", "config", "views", "plugins", "parts", "tools", "pouw-node.ts", "index.ts"],
};

/** Rooms without a door of their own: each sub-room has one. */
export const DOORLESS: readonly string[] = ["adapters"];

/** Outside packages and the only rooms that may name them. */
export const OWNERS: readonly (readonly [packages: RegExp, rooms: readonly string[]])[] = [
  [/^(libp2p$|@libp2p\/|@multiformats\/|@chainsafe\/libp2p)/, ["adapters/libp2p"]],
  [/^onnxruntime-/, ["adapters/onnx"]],
  [/^(level|classic-level|memory-level|abstract-level)$/, ["adapters/level"]],
  [/^(pino|prom-client)$/, ["adapters/telemetry"]],
  [/^fastify/, ["api"]],
  [/^(commander|log-update)$/, ["cli"]],
  [/^@chainsafe\/(ssz|persistent-merkle-tree)/, ["codec", "chain"]],
  [/^@noble\//, ["crypto"]],
  [/^node:crypto$/, ["crypto", "adapters", "node"]],
  [/^zod$/, ["base", "chain", "roles", "node", "api", "cli"]],
];

/** Rooms without clock, chance, environment or console: a simulation replays from its seed. */
export const PURE: readonly string[] = [
  "base",
  "crypto",
  "codec",
  "ml",
  "work",
  "chain",
  "consensus",
  "ports",
  "engine",
  "roles",
];
