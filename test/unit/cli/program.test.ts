// The command line's manners: help, usage errors with suggestions, exit codes, and where words go.
import { execFileSync } from "node:child_process";
import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ERROR_CODES, PouwError, setting } from "../../../src/base/index.ts";
import { EXIT, exitCodeOf, Interrupted } from "../../../src/cli/exit-codes.ts";
import { SETTINGS, settingsTable } from "../../../src/node/index.ts";
import { fakeDeps, fakeIo, run } from "../../support/fake-io.ts";

describe("help and version", () => {
  it("go to stdout and exit 0", async () => {
    const io = fakeIo();
    expect(await run("--help", io)).toBe(0);
    for (const word of ["start", "devnet", "doctor", "status", "peers", "wallet", "chain", "bench", "config"])
      expect(io.out()).toContain(`  ${word}`);
    expect(io.out()).toContain("Exit codes:");
    expect(io.err()).toBe("");
    const version = fakeIo();
    expect(await run("--version", version)).toBe(0);
    expect(version.out()).toBe("9.9.9\n");
  });

  it("of a command that lies deeper is that command's", async () => {
    const io = fakeIo();
    expect(await run("help wallet send", io)).toBe(0);
    expect(io.out()).toMatch(/^Usage: pouw-node wallet send /);
    const wrong = fakeIo();
    expect(await run("help wallet sned", wrong)).toBe(EXIT.usage);
    expect(wrong.err()).toContain('There is no command "sned" under wallet (did you mean "send"?).');
  });

  it("version is a command too", async () => {
    const [plain, json] = [fakeIo(), fakeIo()];
    expect([await run("version", plain), plain.out()]).toEqual([0, "9.9.9\n"]);
    expect([await run("version --json", json), JSON.parse(json.out())]).toEqual([
      0,
      expect.objectContaining({ version: "9.9.9", node: process.version }),
    ]);
  });

  it("of start names every flag of the settings table", async () => {
    const io = fakeIo();
    expect(await run("help start", io)).toBe(0);
    for (const { flag } of SETTINGS) if (flag !== undefined) expect(io.out()).toContain(`--${flag}`);
  });
});

describe("completion", () => {
  const script = async (shell: string): Promise<string> => {
    const io = fakeIo();
    expect(await run(`completion ${shell}`, io)).toBe(0);
    return io.out();
  };

  it("of bash offers commands, what lies under them, and flags", async () => {
    const source = await script("bash");
    const offered = (line: string): string[] => {
      const words = line.split(" ").map((word) => `'${word}'`);
      const ask = `COMP_WORDS=(${words.join(" ")}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _pouw_node; echo "\${COMPREPLY[@]}"`;
      return execFileSync("bash", ["-c", `${source}\n${ask}`], { encoding: "utf8" })
        .trim()
        .split(" ");
    };
    expect(offered("pouw-node sta")).toEqual(["start", "status", "stake"]);
    expect(offered("pouw-node wallet ")).toContain("send");
    expect(offered("pouw-node wallet send --f")).toEqual(["--fee"]);
    expect(offered("pouw-node --prov")).toEqual(["--provider"]);
    expect(offered("pouw-node chain verify --no-r")).toEqual(["--no-reexecute"]);
  });

  it("of zsh and fish name every command", async () => {
    for (const shell of ["zsh", "fish"])
      for (const word of ["start", "wallet", "send", "explain"]) expect(await script(shell)).toContain(word);
  });
});

describe("usage errors", () => {
  it.each([
    ["strat", /^✗ There is no command "strat" \(did you mean "start"\?\)\.\n/],
    ["--rle miner", /^✗ Unknown option '--rle' \(Did you mean --role\?\)\.\n/],
    ["start --data-dri x", /^✗ Unknown option '--data-dri' \(Did you mean --data-dir\?\)\.\n/],
    ["wallet exprt", /unknown command 'exprt'.*Did you mean export\?/i],
    ["chain block", /missing required argument/i],
    ["start --api-port", /argument missing/i],
    ["status extra", /too many arguments/i],
    ["status --api-port 1", /^✗ Unknown option '--api-port'\.\n {2}Run `pouw-node help status` /],
    ["--api-prot 1", /\n {2}Run `pouw-node help start` /],
    ["--role minr", /^✗ roles \(from --role\) must be one of .* \(did you mean "miner"\?\)\.\n$/],
    [
      "--network devnt",
      /^✗ There is no built-in network "devnt" \(did you mean "devnet"\?\)\.\n {2}Use devnet, testnet/,
    ],
    ["--config ./none.json", /^✗ The configuration file .*none\.json cannot be read: .*\n {2}Check the path/],
    ["chain show --count 1000", /--count must be a whole number of at most 100/],
    ["bench --seconds soon", /--seconds must be a number/],
    ["devnet --miners many", /--miners must be a whole number/],
    ["devnet --miners 0 --verifiers 0", /A devnet has 1 to 32 nodes, not 0/],
    [
      "devnet --workers many",
      /^✗ workers \(from --workers\) must be auto or a number from 1 to 256; it is "many"\.\n$/,
    ],
    [
      "devnet --task digits-mpl",
      /^✗ --task names no model here: "digits-mpl" \(did you mean "digits-mlp"\?\)\.\n {2}Choose among digits-mlp, /,
    ],
    [
      "devnet --task digits-cnn --network devnet",
      /^✗ --task and --network do not go together\.\n {2}Leave out --network: /,
    ],
    ["devnet --duration soon", /--duration must be a whole number/],
    ["chain verify --task -x", /^✗ tasks \(from --task\) must name tasks, such as digits-mlp/],
    ["devnet --provider cdua", /^✗ provider \(from --provider\) must be one of .* \(did you mean "cuda"\?\)\.\n$/],
    ["--plugin mine", /^✗ plugins \(from --plugin\) must be the path of a module, such as \.\/mine\.js/],
  ])("%s", async (line, expected) => {
    const io = fakeIo();
    expect(await run(line, io)).toBe(EXIT.usage);
    expect(io.err()).toMatch(expected);
    expect(io.out()).toBe("");
    expect(io.listeners.size).toBe(0);
  });

  it("of a command with subcommands and no word after it show its help, and nothing else", async () => {
    const io = fakeIo();
    expect(await run("config", io)).toBe(EXIT.usage);
    expect(io.err()).toMatch(/^Usage: pouw-node config/);
    expect(io.err()).not.toContain("✗");
  });

  it("in the environment", async () => {
    const io = fakeIo({ env: { POUW_API_PROT: "1" } });
    expect(await run("config explain", io)).toBe(EXIT.usage);
    expect(io.err()).toContain('did you mean "POUW_API_PORT"?');
  });
});

describe("errors", () => {
  const failing = (error: unknown) => fakeDeps({ diagnose: () => Promise.reject(error) });

  it("are one sentence and the next step, with the code of the table", async () => {
    const io = fakeIo();
    const error = new PouwError("CAPABILITY_ABSENT", "There is no runtime.", { remedy: "Install it." });
    expect(await run("doctor", io, failing(error))).toBe(EXIT.capabilityAbsent);
    expect(io.err()).toContain("✗ There is no runtime.\n  Install it.\n");
    expect(io.err()).not.toContain("    at ");
  });

  it.each(["data/genesis.json is not there.", "./x is a file.", "digits-mlp: no such task."])(
    "begin with a path or a name as it is written: %s",
    async (message) => {
      const io = fakeIo();
      expect(await run("doctor", io, failing(new PouwError("BAD_CONFIG", message)))).toBe(EXIT.usage);
      expect(io.err()).toContain(`✗ ${message}\n`);
    },
  );

  it("that nobody expected show where they come from and ask for a report", async () => {
    const io = fakeIo();
    expect(await run("doctor", io, failing(new TypeError("x is not a function")))).toBe(EXIT.failure);
    expect(io.err()).toContain("✗ X is not a function.");
    expect(io.err()).toContain("    at ");
    expect(io.err()).toContain("please report");
  });

  it("map to exit codes by one table", () => {
    for (const [code, { exit }] of Object.entries(ERROR_CODES))
      expect(exitCodeOf(new PouwError(code as keyof typeof ERROR_CODES, "x"))).toBe(exit);
    expect(exitCodeOf(new Interrupted())).toBe(130);
    expect(exitCodeOf(new CommanderError(1, "a", "b"))).toBe(2);
    expect(exitCodeOf(new CommanderError(0, "commander.help", "b"))).toBe(0);
    expect(exitCodeOf(new Error("x"))).toBe(1);
  });
});

describe("config explain", () => {
  it("shows value and origin, plain without a terminal", async () => {
    const io = fakeIo({ env: { POUW_MAX_PEERS: "9" } });
    expect(await run("config explain --role miner,verifier", io)).toBe(0);
    expect(io.out()).toMatch(/^roles +--role +\["miner","verifier"\]$/m);
    expect(io.out()).toMatch(/^maxPeers +POUW_MAX_PEERS +9$/m);
    expect(io.out()).toMatch(/^accountSecret +default +-$/m);
    expect(io.out()).not.toContain("\u001b");
  });

  it("prints JSON, with secrets redacted", async () => {
    const secret = "ab".repeat(32);
    const io = fakeIo({ env: { POUW_ACCOUNT_SECRET: secret } });
    expect(await run("config explain --json", io)).toBe(0);
    const shown = JSON.parse(io.out()) as Record<"accountSecret" | "dataDir", unknown>;
    expect(shown.accountSecret).toEqual({ value: "[redacted]", origin: "POUW_ACCOUNT_SECRET" });
    expect(shown.dataDir).toEqual({ value: "/nowhere/home/.pouw/devnet", origin: "derived" });
    expect(io.out()).not.toContain(secret);
  });
});

describe("a setting that a plugin brings", () => {
  const row = setting({
    key: "greeter.names",
    schema: z.array(z.string()).max(2, "must name at most two").default([]),
    flag: "greet",
    value: "name",
    help: "whom to greet; may be repeated",
  });
  const deps = fakeDeps({ settings: settingsTable({ rows: [row] }) });

  it("has a flag, help and a line of its own", async () => {
    const help = fakeIo();
    expect(await run("help start", help, deps)).toBe(0);
    expect(help.out()).toMatch(/--greet <name> +whom to greet; may be repeated/);
    const io = fakeIo();
    expect(await run("config explain --greet ada --greet bob", io, deps)).toBe(0);
    expect(io.out()).toMatch(/^greeter\.names +--greet +\["ada","bob"\]$/m);
  });

  it("is refused with its own words", async () => {
    const io = fakeIo({ env: { POUW_GREETER_NAMES: "a,b,c" } });
    expect(await run("config explain", io, deps)).toBe(EXIT.usage);
    expect(io.err()).toMatch(/^✗ greeter\.names \(from POUW_GREETER_NAMES\) must name at most two; it is/);
  });

  it("is unknown without the plugin", async () => {
    expect(await run("config explain --greet ada", fakeIo())).toBe(EXIT.usage);
  });
});
