// The settings by name: their flags, their environment variables and how their text is read. The command line, `config
// explain` and the documentation are made from this table, so a setting is described once.

export interface Setting {
  /** Dotted path inside the options. */
  readonly key: string;
  readonly kind: "text" | "list" | "number" | "number-or-word" | "switch";
  /** Long flag without dashes; undefined where there is none. */
  readonly flag: string | undefined;
  /** Name of the flag's value in the help. */
  readonly value: string | undefined;
  readonly help: string;
  readonly secret?: true;
  /** Another name that people type. */
  readonly alias?: string;
}

const setting = (key: string, kind: Setting["kind"], flag: string, value: string, help: string): Setting => ({
  key,
  kind,
  flag: flag === "" ? undefined : flag,
  value: value === "" ? undefined : value,
  help,
});

export const SETTINGS: readonly Setting[] = [
  {
    ...setting("roles", "list", "role", "roles", "what to do: miner, verifier, peer ...; several with commas"),
    alias: "role",
  },
  setting("bootstrap", "list", "bootstrap", "multiaddr", "a peer to join; may be repeated"),
  setting("listen", "list", "listen", "multiaddr", "an address to listen on; may be repeated"),
  setting("announce", "list", "announce", "multiaddr", "tell others this address instead, such as a forwarded port"),
  setting("network", "text", "network", "name|file", "devnet, testnet or a genesis file"),
  setting("dataDir", "text", "data-dir", "dir", "where chain, keys and data live"),
  setting("provider", "text", "provider", "name", "auto, cpu, cuda, webgpu or wasm"),
  setting("workers", "number-or-word", "workers", "n", "training threads, or auto"),
  setting("apiHost", "text", "api-host", "host", "interface of the HTTP API"),
  setting("apiPort", "number-or-word", "api-port", "port", "port of the HTTP API: a number, auto or off"),
  setting("logLevel", "text", "log-level", "level", "debug, info, warn, error or silent"),
  setting("ephemeral", "switch", "ephemeral", "", "keep the chain in memory only"),
  setting("mdns", "switch", "mdns", "", "find peers on the local network"),
  setting("maxPeers", "number", "max-peers", "n", "connections kept at most"),
  setting("trustedVerifiers", "list", "trust-verifier", "address", "believe this verifier's verdicts; may be repeated"),
  { ...setting("accountSecret", "text", "", "", "the account's secret key instead of the wallet file"), secret: true },
  setting("limits.apiBodyBytes", "number", "", "", "largest body of an API request"),
  setting("limits.apiStreams", "number", "", "", "live event streams open at once"),
  setting("limits.stopMs", "number", "", "", "milliseconds for a clean stop"),
];

/** POUW_DATA_DIR for dataDir, POUW_LIMITS_API_STREAMS for limits.apiStreams. */
export function envName(key: string): string {
  return `POUW_${key.replace(/[A-Z]/g, "_$&").replace(/\./g, "_").toUpperCase()}`;
}

/** The setting of a key or of its alias. */
export function findSetting(key: string): Setting | undefined {
  return SETTINGS.find((it) => it.key === key || it.alias === key);
}
