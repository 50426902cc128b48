// Every resource through fastify's inject: whole shapes out, nothing undeclared, refusals in one form.
import { beforeEach, describe, expect, it } from "vitest";
import { buildApi } from "../../../src/api/index.ts";
import { formatCoins, PouwError, toHex } from "../../../src/base/index.ts";
import { transferOf } from "../../../src/chain/index.ts";
import { Transaction } from "../../../src/codec/index.ts";
import { keyPairFromSecret } from "../../../src/crypto/index.ts";
import {
  aBlock,
  addressOf,
  anAccount,
  aPeer,
  aStatus,
  aTransaction,
  type FakeView,
  fakeView,
  hexOf,
  refusedTransaction,
} from "../../support/fake-view.ts";

const OPTIONS = { host: "127.0.0.1", bodyBytes: 4096, maxStreams: 2 };
const HOST = { host: "127.0.0.1:9480" };
let view: FakeView;
let failures: unknown[];
let app: ReturnType<typeof buildApi>;
beforeEach(() => {
  view = fakeView();
  failures = [];
  app = buildApi(view, { ...OPTIONS, onFailure: (error) => failures.push(error) });
});

/** JSON has no undefined. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const get = async (url: string) => {
  const reply = await app.inject({ method: "GET", url, headers: HOST });
  return { status: reply.statusCode, body: reply.json() as unknown, text: reply.body };
};

const GENESIS = new Uint8Array(32).fill(1);
const transfer = (): Transaction => {
  const keys = keyPairFromSecret(new Uint8Array(32).fill(7));
  const fields = { genesis: GENESIS, from: keys.address, to: new Uint8Array(32).fill(9) };
  return Transaction.sign(transferOf({ ...fields, amount: 2n ** 63n, fee: 1n, nonce: 0n }), keys, GENESIS);
};
/** The transfer field by field, its kind by name and its payload in the kind's own fields. */
const fieldsOf = ({ genesis, from, nonce, fee, signature }: Transaction) => ({
  genesis: toHex(genesis),
  from: toHex(from),
  nonce: `${nonce}`,
  fee: formatCoins(fee),
  kind: "transfer" as string | number,
  payload: { to: "09".repeat(32), amount: formatCoins(2n ** 63n) } as unknown,
  signature: toHex(signature),
});
const post = async (body: unknown, headers: { [name: string]: string } = {}) => {
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  const reply = await app.inject({
    method: "POST",
    url: "/v1/transactions",
    headers: { ...HOST, "content-type": "application/json", ...headers },
    payload,
  });
  return {
    status: reply.statusCode,
    body: reply.json() as { error?: { code: string; message: string; refusal?: string } },
  };
};

describe("reading", () => {
  it("gives the whole status and nothing that is not declared", async () => {
    view.status = { ...aStatus(), secretKey: "hush", tip: { ...aStatus().tip, inside: "hush" } } as never;
    const { status, body, text } = await get("/v1/status");
    expect(status).toBe(200);
    expect(body).toEqual(plain(aStatus()));
    expect(text).not.toContain("hush");
  });

  it("leaves out what is undefined", async () => {
    view.status = aStatus({ provider: undefined, syncProgress: undefined });
    expect((await get("/v1/status")).body).toEqual(plain(view.status));
  });

  it("lists peers and blocks", async () => {
    expect((await get("/v1/peers")).body).toEqual(
      plain([aPeer(), aPeer({ id: "12D3KooWThird", agent: undefined, latencyMs: undefined })]),
    );
    expect((await get("/v1/chain/blocks?from=3&count=2")).body).toEqual([aBlock(3), aBlock(4)]);
    expect((await get("/v1/chain/blocks?count=4")).body).toEqual([6, 7, 8, 9].map(aBlock));
    expect(await get("/v1/chain/blocks")).toMatchObject({ status: 200, body: { length: 10 } });
  });

  it("shows one block by height and by hash, with its transactions and records", async () => {
    const byHeight = await get("/v1/chain/blocks/4");
    expect(byHeight.body).toMatchObject({ height: 4, transactionList: [plain(aTransaction())], evidence: 0 });
    expect(byHeight.body).toMatchObject({ recordList: [{ round: 8, contributions: [{ author: addressOf(200) }] }] });
    expect((await get(`/v1/chain/blocks/0x${hexOf(4).toUpperCase()}`)).body).toEqual(byHeight.body);
  });

  it("shows transactions and accounts, and an untouched account as empty", async () => {
    expect((await get(`/v1/transactions/${hexOf(77)}`)).body).toEqual(plain(aTransaction()));
    expect((await get(`/v1/accounts/${hexOf(200)}`)).body).toMatchObject({
      balance: "150.25",
      nonce: "2",
      bannedUntil: 12,
    });
    expect((await get(`/v1/accounts/${hexOf(5)}`)).body).toEqual(anAccount(5));
  });

  it("serves metrics as text and health by state", async () => {
    const metrics = await app.inject({ url: "/metrics", headers: HOST });
    expect(metrics.headers["content-type"]).toContain("text/plain");
    expect(metrics.body).toBe("pouw_chain_height_blocks 9\n");
    expect(await get("/healthz")).toMatchObject({ status: 200, body: { ok: true, state: "mining" } });
    view.status = aStatus({ state: "error" });
    expect(await get("/healthz")).toMatchObject({ status: 503, body: { ok: false, state: "error" } });
  });

  it("says whether it does its work, and why not, in a sentence", async () => {
    expect(await get("/readyz")).toEqual({
      ...(await get("/readyz")),
      status: 200,
      body: { ready: true, state: "mining" },
    });
    view.status = aStatus({ state: "syncing" });
    const syncing = { ready: false, state: "syncing", sentence: "The node is not ready: its state is syncing." };
    expect(await get("/readyz")).toMatchObject({ status: 503, body: syncing });
    const full = { check: "store", ok: false, since: 1, sentence: "There is no room left on the disk." };
    view.status = aStatus({ state: "degraded", health: [{ check: "clock", ok: true, since: 1 }, full] });
    const degraded = { ready: false, state: "degraded", sentence: full.sentence };
    expect(await get("/readyz")).toMatchObject({ status: 503, body: degraded });
    // It is alive all the same: nobody helps it by starting it anew.
    expect(await get("/healthz")).toMatchObject({ status: 200, body: { ok: true, state: "degraded" } });
  });

  it.each([
    ["/v1/chain/blocks?count=101", 400, "BAD_ID"],
    ["/v1/chain/blocks?count=-1", 400, "BAD_ID"],
    ["/v1/chain/blocks?from=1e3", 400, "BAD_ID"],
    ["/v1/chain/blocks/77", 404, "NOT_FOUND"],
    ["/v1/chain/blocks/xyz", 400, "BAD_ID"],
    [`/v1/transactions/${hexOf(1)}`, 404, "NOT_FOUND"],
    ["/v1/accounts/abc", 400, "BAD_ID"],
    ["/v2/status", 404, "NO_SUCH_PAGE"],
  ])("refuses %s with %i %s", async (url, status, code) => {
    expect(await get(url)).toMatchObject({ status, body: { error: { code, message: expect.any(String) } } });
  });

  it("says nothing about a failure inside, but tells the log", async () => {
    view.transaction = async () => {
      throw new TypeError("secret detail in some file");
    };
    const { status, body, text } = await get(`/v1/transactions/${hexOf(77)}`);
    expect(status).toBe(500);
    expect(body).toMatchObject({ error: { code: "INTERNAL" } });
    expect(text).not.toContain("secret detail");
    expect(failures).toHaveLength(1);
    view.transaction = async () => {
      throw new PouwError("STORE_CORRUPT", "The store is damaged: x.", { remedy: "Do y." });
    };
    expect((await get(`/v1/transactions/${hexOf(77)}`)).body).toEqual({
      error: { code: "STORE_CORRUPT", message: "The store is damaged: x.", remedy: "Do y." },
    });
  });
});

describe("POST /v1/transactions", () => {
  it("takes a signed transaction as hex and as JSON: the same bytes", async () => {
    const bytes = Transaction.codec.encode(transfer());
    const fields = fieldsOf(transfer());
    expect(await post({ hex: toHex(bytes) })).toMatchObject({ status: 202, body: { accepted: true } });
    expect(await post({ transaction: fields })).toMatchObject({ status: 202, body: { accepted: true } });
    expect(view.submitted).toEqual([bytes, bytes]);
  });

  it("takes a kind by name or number, and a payload by its fields or in hex: the same bytes", async () => {
    const { payload } = transfer();
    for (const kind of ["transfer", 0])
      for (const given of [fieldsOf(transfer()).payload, toHex(payload), `0x${toHex(payload)}`])
        expect((await post({ transaction: { ...fieldsOf(transfer()), kind, payload: given } })).status).toBe(202);
    const bytes = Transaction.codec.encode(transfer());
    expect(view.submitted).toEqual(Array.from({ length: 6 }, () => bytes));
  });

  it("passes a kind that it does not know on by its number, for the node to judge", async () => {
    expect((await post({ transaction: { ...fieldsOf(transfer()), kind: 200, payload: "c0ffee" } })).status).toBe(202);
    const [bytes] = view.submitted;
    expect(Transaction.codec.decode(bytes as Uint8Array)).toMatchObject({ kind: 200 });
  });

  it.each([
    [
      "a name that no kind has",
      { kind: "transfr" },
      'transaction.payload: "transfr" is no kind of transaction, as transfer',
    ],
    ["a number that is no kind's", { kind: 256 }, "transaction.kind: must be the name or the number of a kind."],
    [
      "fields of a kind that it does not know",
      { kind: 200 },
      "transaction.payload: the payload of kind 200 is read as hex only.",
    ],
    [
      "a payload that is no text",
      { payload: { to: "09".repeat(32), amount: 1 } },
      "transaction.payload: must be hex, or the kind's fields as text.",
    ],
    [
      "a payload's field that is wrong",
      { payload: { to: "09", amount: "1" } },
      "transaction.payload: to must be an address: bech32m, or 64 hex digits.",
    ],
    [
      "a payload's field that is missing",
      { payload: { to: "09".repeat(32) } },
      "transaction.payload: amount must be coins, such as 12 or 0.25, with at most six decimals.",
    ],
    [
      "an amount that is too large",
      { payload: { to: "09".repeat(32), amount: formatCoins(2n ** 64n) } },
      "transaction.payload: amount must be coins, such as 12 or 0.25, with at most six decimals.",
    ],
    [
      "a negative amount",
      { payload: { to: "09".repeat(32), amount: "-1" } },
      "transaction.payload: amount must be coins, such as 12 or 0.25, with at most six decimals.",
    ],
    ["a field that the kind does not have", { payload: { to: "09".repeat(32), amount: "1", memo: "x" } }, "memo"],
    ["a payload that is no hex", { payload: "zz" }, "transaction.payload: must be hex"],
    [
      "a fee that is no text",
      { fee: 1 },
      "transaction.fee: must be coins, such as 12 or 0.25, with at most six decimals.",
    ],
  ])("refuses %s, and names it", async (_name, change, message) => {
    const reply = await post({ transaction: { ...fieldsOf(transfer()), ...change } });
    expect([reply.status, reply.body.error?.code]).toEqual([400, "BAD_REQUEST"]);
    expect(reply.body.error?.message).toContain(message);
    expect(view.submitted).toEqual([]);
  });

  it("passes a refusal on with its code", async () => {
    view.verdict = refusedTransaction;
    const { status, body } = await post({ hex: toHex(Transaction.codec.encode(transfer())) });
    expect(status).toBe(422);
    expect(body.error).toEqual({
      code: "REFUSED",
      message: "The transaction was refused: the account nonce was used before: 0, the account is at 2.",
      refusal: "nonce-used",
    });
  });

  it.each([
    ["nothing", {}],
    ["both", { hex: "00", transaction: {} }],
    [
      "both, each of them whole",
      { hex: toHex(Transaction.codec.encode(transfer())), transaction: fieldsOf(transfer()) },
    ],
    ["something else", { hex: "00", more: 1 }],
    ["no hex", { hex: "zz" }],
    ["too short", { hex: "00" }],
    ["a field missing", { transaction: { fee: "1" } }],
    ["a number for money", { transaction: { fee: 1 } }],
    ["a list", []],
    ["null", null],
  ])("refuses %s", async (_name, body) => {
    const reply = await post(body);
    expect(reply.status).toBe(400);
    expect(reply.body.error?.code).toMatch(/BAD_ENCODING|BAD_REQUEST/);
    expect(view.submitted).toEqual([]);
  });

  it("refuses broken JSON and bodies that are too long", async () => {
    expect((await post("{")).status).toBe(400);
    expect((await post({ hex: "00".repeat(4096) })).status).toBe(413);
    // Where the settings let long bodies in, a payload is still bound by what a transaction can hold.
    app = buildApi(view, { ...OPTIONS, bodyBytes: 1 << 20 });
    const reply = await post({ transaction: { ...fieldsOf(transfer()), payload: "00".repeat(72 * 1024 + 1) } });
    expect([reply.status, reply.body.error?.message]).toEqual([
      400,
      "transaction.payload: must be of at most 73728 bytes.",
    ]);
    expect((await post({ hex: "00".repeat(80 * 1024) })).status).toBe(400);
    expect(view.submitted).toEqual([]);
  });
});

describe("web pages are kept out", () => {
  const body = { hex: toHex(Transaction.codec.encode(transfer())) };

  it("lets this machine's own names in, and no other name", async () => {
    for (const host of ["127.0.0.1:9480", "localhost:9480", "[::1]:9480", "localhost"])
      expect((await app.inject({ url: "/healthz", headers: { host } })).statusCode, host).toBe(200);
    for (const host of ["evil.example", "evil.example:9480", "127.0.0.1.evil.example", "192.168.1.5:9480"])
      expect((await app.inject({ url: "/healthz", headers: { host } })).statusCode, host).toBe(403);
  });

  it("opens to addresses, not to names, when bound to a real interface", async () => {
    const open = buildApi(view, { ...OPTIONS, host: "0.0.0.0" });
    expect((await open.inject({ url: "/healthz", headers: { host: "192.168.1.5:9480" } })).statusCode).toBe(200);
    expect((await open.inject({ url: "/healthz", headers: { host: "evil.example:9480" } })).statusCode).toBe(403);
  });

  it.each([
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ origin: "http://127.0.0.1:9999" }, 403],
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }, 403],
    [{ "content-type": "text/plain" }, 415],
    [{ "content-type": "application/x-www-form-urlencoded" }, 415],
    [{ origin: "http://127.0.0.1:9480", "sec-fetch-site": "same-origin" }, 202],
    [{}, 202],
  ])("writes with %j get %i", async (headers, status) => {
    const { status: answered, body: reply } = await post(body, headers as { [name: string]: string });
    const codes: { readonly [status: number]: string } = { 403: "FORBIDDEN_ORIGIN", 415: "JSON_ONLY" };
    expect([answered, reply.error?.code]).toEqual([status, codes[status]]);
    expect(view.submitted).toHaveLength(status === 202 ? 1 : 0);
  });

  it.each([
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }, 403],
    [{ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }, 200],
    [{ origin: "http://127.0.0.1:9480", "sec-fetch-site": "same-origin" }, 200],
    [{}, 200],
  ])("reads with %j get %i", async (headers, status) => {
    for (const url of ["/v1/status", "/"])
      expect((await app.inject({ url, headers: { ...HOST, ...headers } })).statusCode).toBe(status);
    if (status === 403)
      expect((await app.inject({ url: "/v1/events", headers: { ...HOST, ...headers } })).statusCode).toBe(403);
  });
});
