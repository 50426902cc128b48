// Four sources, one schema: precedence, origins, and an error that names key, origin and next step.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  type ConfigSources,
  envName,
  explainConfig,
  parseConfigText,
  parseOptions,
  resolveConfig,
  SETTINGS,
  SETTINGS_TABLE,
} from "../../../src/node/index.ts";
import { refusal } from "../../support/refusal.ts";

const HOME = "/home/someone";
const resolve = (sources: Omit<ConfigSources, "home">) => resolveConfig({ ...sources, home: HOME });
const file = (content: unknown) => ({ name: "node.config.json", content });

describe("precedence", () => {
  it("is defaults, file, environment, flags; and each origin is known", () => {
    const { options, origins } = resolve({
      file: file({ roles: ["verifier"], maxPeers: 7, logLevel: "warn", workers: 2 }),
      env: { POUW_MAX_PEERS: "8", POUW_LOG_LEVEL: "error", PATH: "/bin" },
      flags: { logLevel: "debug", bootstrap: ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/2"] },
    });
    expect(options).toMatchObject({
      roles: ["verifier"],
      maxPeers: 8,
      logLevel: "debug",
      workers: 2,
      provider: "auto",
    });
    expect(options.bootstrap).toEqual(["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/2"]);
    const from = ["roles", "maxPeers", "logLevel", "bootstrap", "provider", "dataDir"].map((key) => origins.get(key));
    expect(from).toEqual(["node.config.json", "POUW_MAX_PEERS", "--log-level", "--bootstrap", "default", "derived"]);
  });

  it("derives the data directory from the network", () => {
    expect(resolve({}).options.dataDir).toBe("/home/someone/.pouw/devnet");
    expect(resolve({ flags: { network: "testnet" } }).options.dataDir).toBe("/home/someone/.pouw/testnet");
    expect(resolve({ flags: { network: "./nets/mine.json" } }).options.dataDir).toBe("/home/someone/.pouw/mine");
    expect(resolve({ flags: { dataDir: "/srv/x" } }).options.dataDir).toBe("/srv/x");
  });

  it("reads text as each setting's kind", () => {
    const { options } = resolve({
      env: {
        POUW_ROLE: "miner, verifier,miner",
        POUW_EPHEMERAL: "yes",
        POUW_MDNS: "0",
        POUW_API_PORT: "off",
        POUW_LIMITS_API_STREAMS: "3",
        POUW_BOOTSTRAP: "",
      },
      flags: { workers: "3" },
    });
    expect(options.roles).toEqual(["miner", "verifier"]);
    expect(options).toMatchObject({ ephemeral: true, mdns: false, apiPort: "off", workers: 3, bootstrap: [] });
    expect(options.limits).toEqual({ apiBodyBytes: 65536, apiStreams: 3, minFee: 100, stopMs: 15_000 });
    expect(resolve({ flags: { apiPort: "0" } }).options.apiPort).toBe(0);
  });

  it("takes role for roles, from the file and from the scripting API", () => {
    expect(resolve({ file: file({ role: "miner" }) }).options.roles).toEqual(["miner"]);
    expect(parseOptions({ role: "miner" }, HOME).roles).toEqual(["miner"]);
    expect(parseOptions({ roles: ["verifier"], limits: { apiStreams: 2 } }, HOME).limits.apiStreams).toBe(2);
  });
});

describe("refusals", () => {
  it.each([
    [
      "unknown key in the file",
      { file: file({ bootstrp: [] }) },
      /node\.config\.json has an unknown key "bootstrp" \(did you mean "bootstrap"\?\)\./,
    ],
    [
      "unknown key in a group",
      { file: file({ limits: { apiStream: 1 } }) },
      /"limits\.apiStream" \(did you mean "limits\.apiStreams"\?\)/,
    ],
    ["unknown variable", { env: { POUW_MAXPEERS: "3" } }, /POUW_MAXPEERS \(did you mean "POUW_MAX_PEERS"\?\)/],
    [
      "unknown role",
      { flags: { role: "minr" } },
      /roles \(from --role\) must be one of miner, .* not "minr" \(did you mean "miner"\?\)/,
    ],
    ["no role", { flags: { role: "" } }, /roles \(from --role\) must name at least one role/],
    ["unknown network", { flags: { network: "devnt" } }, /no built-in network "devnt" \(did you mean "devnet"\?\)/],
    ["bad multiaddr", { flags: { bootstrap: ["10.0.0.1:9444"] } }, /bootstrap \(from --bootstrap\) must look like/],
    ["bad listen address", { env: { POUW_LISTEN: "/ip4/0.0.0.0" } }, /listen \(from POUW_LISTEN\) must look like/],
    ["bad port", { flags: { apiPort: "70000" } }, /apiPort \(from --api-port\) must be auto, off or a port/],
    ["bad number", { env: { POUW_MAX_PEERS: "many" } }, /maxPeers \(from POUW_MAX_PEERS\).*"many"/],
    ["bad switch", { env: { POUW_MDNS: "perhaps" } }, /mdns \(from POUW_MDNS\).*"perhaps"/],
    [
      "bad verifier",
      { flags: { trustedVerifiers: ["abc"] } },
      /trustedVerifiers \(from --trust-verifier\) must be an address/,
    ],
    ["file is a list", { file: file([]) }, /must hold one JSON object/],
    ["two at once", { env: { POUW_MDNS: "x", POUW_MAX_PEERS: "0" } }, /\(1 more after this one\)/],
  ] as const)("%s", (_name, sources, expected) => {
    const error = refusal(() => resolve(sources as Omit<ConfigSources, "home">));
    expect(error.code).toBe("BAD_CONFIG");
    expect(error.message).toMatch(expected);
    expect(error.message.endsWith(".")).toBe(true);
  });

  it("leaves alone what only looks near", () => {
    const error = refusal(() => resolve({ file: file({ colour: "blue" }) }));
    expect(error.message).toBe('node.config.json has an unknown key "colour".');
  });

  it("names the place in a file that is not JSON", () => {
    expect(refusal(() => parseConfigText('{"roles": [miner]}', "my.json")).message).toMatch(/^my\.json is not JSON: /);
  });

  it("never repeats a secret", () => {
    const secret = "ab".repeat(31);
    const error = refusal(() => resolve({ env: { POUW_ACCOUNT_SECRET: secret } }));
    expect(error.message).toContain("accountSecret (from POUW_ACCOUNT_SECRET) must be 64 hex digits");
    expect(error.message).not.toContain(secret);
  });
});

describe("config explain", () => {
  it("lists every setting with value and origin, secrets redacted", () => {
    const secret = "cd".repeat(32);
    const rows = explainConfig(resolve({ env: { POUW_ACCOUNT_SECRET: secret }, flags: { workers: "2" } }));
    expect(rows.map((row) => row.key)).toEqual(SETTINGS.map((it) => it.key));
    expect(rows.find((row) => row.key === "workers")).toEqual({ key: "workers", value: 2, origin: "--workers" });
    expect(rows.find((row) => row.key === "accountSecret")).toEqual({
      key: "accountSecret",
      value: "[redacted]",
      origin: "POUW_ACCOUNT_SECRET",
    });
    expect(JSON.stringify(rows)).not.toContain(secret);
    const without = explainConfig(resolve({})).find((row) => row.key === "accountSecret");
    expect(without?.value).toBeUndefined();
  });
});

describe("the tables agree", () => {
  const keysOf = (options: object): string[] =>
    Object.entries(options).flatMap(([key, value]) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.keys(value).map((k) => `${key}.${k}`)
        : [key],
    );

  it("every schema key is a setting, and the other way round", () => {
    const options = SETTINGS_TABLE.schema.parse({ dataDir: "/x", accountSecret: "00".repeat(32) });
    expect(keysOf(options).sort()).toEqual(SETTINGS.map((it) => it.key).sort());
  });

  it("no two settings share a flag or a variable", () => {
    const flags = SETTINGS.flatMap((it) => it.flag ?? []);
    expect(new Set(flags).size).toBe(flags.length);
    expect(new Set(SETTINGS.map((it) => envName(it.key))).size).toBe(SETTINGS.length);
  });

  it("node.config.json at the top of the repository holds exactly the defaults", () => {
    const text = readFileSync(new URL("../../../node.config.json", import.meta.url), "utf8");
    const content = parseConfigText(text, "node.config.json") as object;
    const { dataDir: _, ...defaults } = resolve({}).options;
    expect(content).toEqual(defaults);
    expect(resolve({ file: file(content) }).options).toEqual(resolve({}).options);
  });
});
