// Commands that talk to a running node or touch the key file: over a real API with a fake node behind it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiServer, announce, readAnnouncement, startApi } from "../../src/api/index.ts";
import { formatAddress, toHex } from "../../src/base/index.ts";
import { openTransaction, showTransaction, type Transfer } from "../../src/chain/index.ts";
import { Transaction } from "../../src/codec/index.ts";
import { type AccountView, loadNetwork, readWallet, walletPath } from "../../src/node/index.ts";
import { fakeDeps, fakeIo, fakeNode, run } from "../support/fake-io.ts";
import {
  addressOf,
  anAccount,
  aStatus,
  aTransaction,
  type FakeView,
  fakeView,
  hexOf,
  refusedTransaction,
} from "../support/fake-view.ts";

let dir: string;
let view: FakeView;
let api: ApiServer | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pouw-cli-"));
  view = fakeView();
});
afterEach(async () => {
  await api?.close();
  api = undefined;
  rmSync(dir, { recursive: true, force: true });
});

async function node(): Promise<void> {
  api = await startApi(view, { host: "127.0.0.1", port: 0, bodyBytes: 4096, maxStreams: 1 });
  announce(dir, api.url);
}
const cli = async (line: string, input?: string) => {
  const io = fakeIo(input === undefined ? {} : { input });
  const code = await run(`${line} --data-dir ${dir}`, io);
  return { code, out: io.out(), err: io.err() };
};

describe("without a node", () => {
  it.each(["status", "peers", "chain show", `wallet balance ${addressOf(200)}`])("%s says so", async (line) => {
    const { code, out, err } = await cli(line);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toBe(
      `✗ No node runs on ${dir}.\n  Start one with \`pouw-node start --data-dir ${dir}\`, or name its directory with --data-dir.\n`,
    );
  });
});

describe("with a node", () => {
  beforeEach(node);

  it("status and peers print for people and for programs", async () => {
    expect((await cli("status")).out).toMatch(/^height +9, tip 0909090909…/m);
    expect(JSON.parse((await cli("status --json")).out)).toEqual(JSON.parse(JSON.stringify(aStatus())));
    expect((await cli("peers")).out).toContain("12D3KooWThird");
    expect(JSON.parse((await cli("peers --json")).out)).toHaveLength(2);
  });

  it("chain shows blocks and transactions", async () => {
    expect((await cli("chain show --count 2")).out.trim().split("\n")).toHaveLength(3);
    expect(JSON.parse((await cli("chain show --from 3 --count 2 --json")).out)).toMatchObject([
      { height: 3 },
      { height: 4 },
    ]);
    expect((await cli("chain block 4")).out).toMatch(/^hash +0404/m);
    expect((await cli("chain block 4")).out).toMatch(
      /^transfer +from devnet1eryv3j…f5ed, to devnet1e8yunj…sw00, amount 10 \(fee 0\.001\) {2}4d4d/m,
    );
    const transaction = (await cli(`chain tx ${hexOf(77)}`)).out;
    expect(transaction).toMatch(/^kind +transfer$/m);
    expect(transaction).toMatch(/^amount +10$/m);
    expect(transaction).toMatch(/^fee +0\.001, nonce 0$/m);
    expect(transaction).toMatch(/^block +4 0404/m);
    const missing = await cli("chain block 77");
    expect([missing.code, missing.err]).toEqual([1, "✗ There is no block 77 here.\n"]);
  });

  it("wallet send signs with the key file, on the node's network, with the account's next nonce", async () => {
    await cli("wallet new");
    const { code, out } = await cli(`wallet send ${addressOf(5)} 1.5 --fee 0.01 --yes`);
    expect(code).toBe(0);
    expect(out).toMatch(/^[0-9a-f]{64}\n$/);
    const transaction = Transaction.codec.decode(view.submitted[0] as Uint8Array);
    const { genesis, fee, nonce } = transaction;
    expect(Transaction.verify(transaction, genesis)).toBe(true);
    const opened = openTransaction(transaction);
    const { to, amount } = (opened.kind === "opened" ? opened.payload : {}) as Transfer;
    expect([opened.kind === "opened" && opened.of.name, toHex(genesis), toHex(to)]).toEqual([
      "transfer",
      aStatus().genesis,
      hexOf(5),
    ]);
    expect([amount, fee, nonce]).toEqual([1_500_000n, 10_000n, 0n]);
  });

  it("wallet send says what a new account costs its receiver, and when the sender's own does not stay", async () => {
    const owner = (await cli("wallet new")).out.trim();
    const has = (balance: string, more: Partial<AccountView> = {}): void =>
      void view.accounts.set(owner, { ...anAccount(0), address: owner, balance, ...more });
    const burns = "The receiver has no account: making one burns 0.01 of it, so 0.99 arrive.\n";
    const goes = "Warning: 0.009999 is left, less than the account fee of 0.01; the account is removed with it.\n";
    const sent = async (to: string): Promise<string> => {
      const { code, err } = await cli(`wallet send ${to} 1 --yes`);
      expect([code, err]).toEqual([0, expect.stringMatching(/(^|\n)Sent 1 with a fee of 0\.001; .*\n$/)]);
      return err.slice(0, err.indexOf("Sent"));
    };
    has("2");
    expect(await sent(addressOf(5))).toBe(burns);
    expect(await sent(addressOf(200))).toBe("");
    // One unit less than 0.01 is left, then 0.01.
    has("1.010999");
    expect(await sent(addressOf(5))).toBe(`${burns}${goes}`);
    expect(await sent(addressOf(200))).toBe(goes);
    expect(await sent(owner)).toBe("");
    has("1.011");
    expect(await sent(addressOf(200))).toBe("");
    for (const kind of ["stake", "unbonding", "immature"]) {
      has("1.010999", { [kind]: "0.000001" });
      expect(await sent(addressOf(200))).toBe("");
    }
    has("1.010999");
    const asJson = JSON.parse((await cli(`wallet send ${addressOf(5)} 1 --yes --json`)).out);
    expect(asJson).toMatchObject({ amount: "1", fee: "0.001", burnt: "0.01", lost: "0.009999" });
    const plain = JSON.parse((await cli(`wallet send ${owner} 1 --yes --json`)).out);
    expect([plain.burnt, plain.lost]).toEqual(["0", undefined]);
    // Where accounts cost nothing, nothing is said.
    view.status = aStatus({ accountFee: "0" });
    expect(await sent(addressOf(5))).toBe("");
  });

  it("wallet send shows what it is about to do, and sends nothing that nobody agreed to", async () => {
    await cli("wallet new");
    const to = addressOf(200);
    const alone = await cli(`wallet send ${to} 1.50`);
    const again = `pouw-node wallet send ${to} 1.5 --fee 0.001 --yes --data-dir ${dir}`;
    expect([alone.code, alone.out]).toEqual([2, ""]);
    expect(alone.err).toContain(`Run it again with --yes: \`${again}\``);
    for (const [answer, code] of [
      ["n\n", 130],
      ["\n", 130],
      ["", 130],
      ["y\n", 0],
    ] as const) {
      const io = fakeIo({ input: answer });
      Object.assign(io.stdin, { isTTY: true });
      expect(await run(`wallet send ${to} 1.5 --data-dir ${dir}`, io)).toBe(code);
      expect(io.err()).toContain(`Send 1.5 with a fee of 0.001 to ${to}? [y/N] `);
      expect(view.submitted).toHaveLength(code === 0 ? 1 : 0);
    }
    // The hint runs as it is printed.
    const said = await cli(`wallet send ${to} 2 --yes`);
    const shown = /`pouw-node (chain tx \w{64} --data-dir \S+)`/.exec(said.err)?.[1] as string;
    view.transaction = async (id) => aTransaction({ id });
    const io = fakeIo();
    expect([await run(shown, io), io.out()]).toEqual([0, expect.stringContaining(said.out.trim())]);
  });

  it("an address that is mistyped, or of another network, is found before anything is signed", async () => {
    await cli("wallet new");
    const to = addressOf(5);
    const mistyped = `${to.slice(0, -1)}${to.endsWith("q") ? "p" : "q"}`;
    const wrong = await cli(`wallet send ${mistyped} 1 --yes`);
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("is mistyped: its checksum does not fit.")]);
    const foreign = await cli(`wallet send ${formatAddress(new Uint8Array(32).fill(5), "testnet")} 1 --yes`);
    expect(foreign.err).toContain("is an address of the network testnet, not of devnet.");
    expect(view.submitted).toEqual([]);
    expect((await cli(`wallet send ${hexOf(5)} 1 --yes`)).code).toBe(0);
    expect((await cli(`wallet balance ${to.toUpperCase()}`)).code).toBe(0);
    expect((await cli("wallet address --network testnet")).out).toMatch(/^testnet1/);
  });

  it("--node asks a node anywhere, without a data directory", async () => {
    const at = `--node ${api?.url}`;
    for (const line of ["status", "peers", "chain show", `chain tx ${hexOf(77)}`, `wallet balance ${addressOf(200)}`]) {
      const io = fakeIo();
      expect([await run(`${line} ${at}`, io), io.err()], line).toEqual([0, expect.not.stringContaining("✗")]);
    }
    const nobody = fakeIo();
    expect(await run("status --node http://127.0.0.1:1", nobody)).toBe(1);
    expect(nobody.err()).toMatch(/^✗ No node answers at http:\/\/127\.0\.0\.1:1: .+\.\n {2}\S/);
    expect(await run("status --node 127.0.0.1:9480", fakeIo())).toBe(2);
  });

  it("wallet send says why it was refused, and what an amount is", async () => {
    await cli("wallet new");
    view.verdict = refusedTransaction;
    const refused = await cli(`wallet send ${addressOf(200)} 1 --yes`);
    expect([refused.code, refused.err]).toEqual([
      1,
      "✗ The transaction was refused: the account nonce was used before: 0, the account is at 2.\n",
    ]);
    const wrong = await cli(`wallet send ${addressOf(5)} 1,5`);
    expect([wrong.code, wrong.err]).toEqual([
      2,
      '✗ "1,5" is not an amount.\n  Write coins as text, like "12" or "0.25", with at most six decimals.\n',
    ]);
    expect((await cli("wallet send abc 1")).code).toBe(2);
    expect(view.submitted).toHaveLength(1);
  });

  it("stake add and stake remove move money between balance and stake", async () => {
    await cli("wallet new");
    for (const [line, done] of [
      ["stake add 1.5 --fee 0.01", "Staked 1.5 with a fee of 0.01;"],
      ["stake remove 0.25", "Withdrew 0.25 with a fee of 0.001;"],
    ] as const) {
      const { code, err } = await cli(line);
      expect([code, err]).toEqual([0, expect.stringContaining(done)]);
    }
    expect(view.submitted.map((bytes) => showTransaction(Transaction.codec.decode(bytes), "devnet"))).toEqual([
      { kind: "stake", payload: { amount: "1.5" } },
      { kind: "unstake", payload: { amount: "0.25" } },
    ]);
    expect((await cli("stake add 1,5")).code).toBe(2);
  });

  it("wallet balance shows what waits to go out and to come in", async () => {
    view.accounts.set(addressOf(200), { ...anAccount(200), balance: "5", pendingOut: "1.501", pendingIn: "0.25" });
    const { out, err } = await cli(`wallet balance ${addressOf(200)}`);
    expect([out, err]).toEqual(["5\n", "1.501 of it waits to go out.\n0.25 more waits to come in.\n"]);
  });

  it("wallet balance shows another account and one's own", async () => {
    const other = await cli(`wallet balance ${addressOf(200)}`);
    expect([other.out, other.err]).toEqual([
      "150.25\n",
      ["7 more is at stake.", "3 more is being withdrawn from stake.", "40 more is maturing.\n"].join("\n"),
    ]);
    await cli("wallet new");
    expect((await cli("wallet balance")).out).toBe("0\n");
  });
});

describe("wallet", () => {
  it("new makes a key file once and prints the address, never the secret", async () => {
    const made = await cli("wallet new");
    const secret = toHex(readWallet(dir)?.secret as Uint8Array);
    expect(made.out).toMatch(/^devnet1[02-9ac-hj-np-z]{58}\n$/);
    expect(made.out + made.err).not.toContain(secret);
    expect((await cli("wallet address")).out).toBe(made.out);
    const before = readFileSync(walletPath(dir), "utf8");
    expect(await cli("wallet new")).toMatchObject({ code: 1, out: "" });
    expect(readFileSync(walletPath(dir), "utf8")).toBe(before);
  });

  it("export needs --yes; import brings the same account back", async () => {
    const made = await cli("wallet new");
    const secret = toHex(readWallet(dir)?.secret as Uint8Array);
    const refused = await cli("wallet export");
    expect([refused.code, refused.out]).toEqual([2, ""]);
    expect(refused.err).toContain("--yes");
    expect(refused.err).not.toContain(secret);
    expect((await cli("wallet export --yes")).out).toBe(`${secret}\n`);
    const taken = await cli("wallet import", secret);
    expect([taken.code, taken.err.includes("never written over")]).toEqual([1, true]);
    rmSync(walletPath(dir));
    const imported = await cli("wallet import", `${secret}\n`);
    expect([imported.code, imported.out]).toEqual([0, made.out]);
    expect(imported.err).not.toContain(secret);
  });

  it("import refuses what is no key, without repeating it", async () => {
    for (const input of ["", "abcd\n", `${"zz".repeat(32)}\n`]) {
      const { code, out, err } = await cli("wallet import", input);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toContain("A secret key is 64 hex digits.");
      if (input !== "") expect(err).not.toContain(input.trim());
    }
    expect(existsSync(walletPath(dir))).toBe(false);
  });

  it("says what to do when there is none", async () => {
    const { code, err } = await cli("wallet address");
    expect([code, err.includes("pouw-node wallet new")]).toEqual([1, true]);
  });
});

describe("start", () => {
  it("answers on its API while it runs, tells where, and takes both away", async () => {
    const io = fakeIo();
    let started: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      started = resolve;
    });
    const fake = fakeNode(view);
    const deps = fakeDeps({ createNode: async () => ({ ...fake, start: async () => void setImmediate(started) }) });
    const code = run(`start --json --api-port 0 --data-dir ${dir}`, io, deps);
    await ready;
    const found = readAnnouncement(dir);
    expect(found?.pid).toBe(process.pid);
    expect((await cli("status --json")).code).toBe(0);
    expect(JSON.parse(io.out().split("\n")[0] as string)).toMatchObject({ event: "started", apiUrl: found?.url });
    io.interrupt();
    expect(await code).toBe(0);
    expect(readAnnouncement(dir)).toBeUndefined();
    await expect(fetch(found?.url as string)).rejects.toThrow();
  });
});

describe("devnet", () => {
  /** What a devnet starts instead of nodes: processes that announce themselves and answer with one status. */
  const CHILD = `
    const { readFileSync, writeFileSync } = require("node:fs");
    const { dataDir } = JSON.parse(readFileSync(process.argv[3], "utf8"));
    const server = require("node:http").createServer((_, reply) => {
      reply.setHeader("content-type", "application/json");
      reply.end(process.env.STATUS);
    });
    server.listen(0, "127.0.0.1", () => {
      const url = "http://127.0.0.1:" + server.address().port;
      writeFileSync(dataDir + "/api.json", JSON.stringify({ url, pid: process.pid }));
    });
    for (const end of ["SIGTERM", "disconnect"]) process.on(end, () => process.exit());`;
  const devnet = async (line: string) => {
    const io = fakeIo({ env: { STATUS: JSON.stringify(aStatus()) } });
    const self = { program: process.execPath, args: ["-e", CHILD] };
    const code = await run(`devnet --json --duration 1 --data-dir ${dir} ${line}`, { ...io, self });
    expect([code, io.err()]).toEqual([0, expect.stringContaining("All nodes have stopped")]);
    const last = JSON.parse(io.out().trim().split("\n").at(-1) as string) as {
      agree: boolean;
      nodes: { name: string; trains: string | null; status: unknown }[];
    };
    const settings = last.nodes.map(
      ({ name }) => JSON.parse(readFileSync(join(dir, name, "node.config.json"), "utf8")) as { [key: string]: unknown },
    );
    return { last, settings };
  };
  const genesis = () => join(dir, "genesis.json");

  it("of several models has each miner train one, in turn, and all others follow all", async () => {
    const { last, settings } = await devnet("--miners 3 --verifiers 1 --peers 1 --task digits-mlp --task digits-cnn");
    const one = (task: string) => ({ tasks: [task] });
    const trained = ["digits-mlp", "digits-cnn", "digits-mlp"];
    expect(settings.map(({ miner }) => miner)).toEqual([...trained.map(one), undefined, undefined]);
    expect(settings.map(({ roles }) => roles)).toEqual([...trained.map(() => ["miner"]), ["verifier"], ["peer"]]);
    expect(settings.map(({ tasks, network }) => [tasks, network])).toEqual(settings.map(() => [undefined, genesis()]));
    expect(last.nodes.map(({ trains }) => trains)).toEqual([...trained, null, null]);
    expect([last.agree, last.nodes.map(({ status }) => status !== null)]).toEqual([true, settings.map(() => true)]);
    // The file is the network that the nodes' settings name: a node can be started with it by hand.
    expect(loadNetwork(genesis()).rules.tasks.map(({ name, steps }) => [name, steps])).toEqual([
      ["digits-mlp", 2000],
      ["digits-cnn", 500],
    ]);
  });

  it("of one model, or on a network that is given, says nothing of what to train", async () => {
    const { settings } = await devnet("--miners 1 --verifiers 0");
    expect(settings.map(({ miner, network }) => [miner, network])).toEqual([[undefined, genesis()]]);
    rmSync(genesis());
    const given = await devnet("--miners 1 --verifiers 0 --network testnet");
    expect(given.settings.map(({ miner, network }) => [miner, network])).toEqual([[undefined, "testnet"]]);
    expect(existsSync(genesis())).toBe(false);
  });
});
