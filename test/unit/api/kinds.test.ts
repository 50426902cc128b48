// A new kind of transaction at the doors: its file and a line in the chain's table, and the API takes and shows it, and the
// command line prints it, by the kind's own words.
import { ContainerType } from "@chainsafe/ssz";
import pc from "picocolors";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { buildApi } from "../../../src/api/index.ts";
import { ACCEPT, coinsText, formatCoins, hexBytes, toHex, utf8 } from "../../../src/base/index.ts";
import { TRANSACTION_KINDS, type TransactionKind } from "../../../src/chain/index.ts";
import { parseWith } from "../../../src/chain/transactions/fields.ts";
import { blockLines, transactionLines } from "../../../src/cli/views/status.ts";
import { Bytes32, codecOf, Transaction, U64 } from "../../../src/codec/index.ts";
import { keyPairFromSecret } from "../../../src/crypto/index.ts";
import { transactionView } from "../../../src/node/views/transactions.ts";
import { type FakeView, fakeView } from "../../support/fake-view.ts";

interface Pledge {
  readonly node: Uint8Array;
  readonly lockedAmount: bigint;
}

/** All that a new kind is. */
const pledge: TransactionKind<Pledge> = {
  name: "pledge",
  tag: 201,
  payload: codecOf("pledge", new ContainerType({ node: Bytes32, lockedAmount: U64 })),
  check: () => ACCEPT,
  cost: ({ lockedAmount }) => lockedAmount,
  apply: () => undefined,
  show: ({ node, lockedAmount }) => ({ node: toHex(node), lockedAmount: formatCoins(lockedAmount) }),
  parse: parseWith(z.strictObject({ node: hexBytes(32), lockedAmount: coinsText })),
};
/** One that people can only send encoded. */
const sealed: TransactionKind<Pledge> = { ...pledge, name: "sealed", tag: 202, parse: undefined as never };

beforeAll(() => void Object.assign(TRANSACTION_KINDS, { pledge, sealed }));
afterAll(() => {
  for (const name of ["pledge", "sealed"]) Reflect.deleteProperty(TRANSACTION_KINDS, name);
});

const keys = keyPairFromSecret(new Uint8Array(32).fill(7));
const GENESIS = new Uint8Array(32).fill(1);
const NODE = "0b".repeat(32);
const signed = (kind: number): Transaction => {
  const payload = pledge.payload.encode({ node: new Uint8Array(32).fill(0x0b), lockedAmount: 2_500_000n });
  return Transaction.sign(
    { genesis: GENESIS, from: keys.address, nonce: 3n, fee: 1000n, kind, payload },
    keys,
    GENESIS,
  );
};
const fields = (transaction: Transaction, kind: string, payload: unknown) => ({
  genesis: toHex(GENESIS),
  from: toHex(keys.address),
  nonce: "3",
  fee: "0.001",
  kind,
  payload,
  signature: toHex(transaction.signature),
});

async function post(view: FakeView, transaction: unknown) {
  const app = buildApi(view, { host: "127.0.0.1", bodyBytes: 4096, maxStreams: 1 });
  const reply = await app.inject({
    method: "POST",
    url: "/v1/transactions",
    headers: { host: "127.0.0.1", "content-type": "application/json" },
    payload: JSON.stringify({ transaction }),
  });
  return { status: reply.statusCode, text: reply.body };
}

it("is taken by name and fields, and what is wrong is named", async () => {
  const view = fakeView();
  const payload = { node: NODE, lockedAmount: "2.5" };
  expect((await post(view, fields(signed(201), "pledge", payload))).status).toBe(202);
  expect(view.submitted).toEqual([Transaction.codec.encode(signed(201))]);
  const wrong = await post(view, fields(signed(201), "pledge", { ...payload, lockedAmount: "much" }));
  expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining("lockedAmount must be coins")]);
  const unknown = await post(view, fields(signed(201), "plegde", payload));
  expect(unknown.text).toMatch(/is no kind of transaction, as transfer, .*pledge, sealed are/);
});

it("without a reading of its own is taken in hex only", async () => {
  const view = fakeView();
  const { payload } = signed(202);
  expect((await post(view, fields(signed(202), "sealed", toHex(payload)))).status).toBe(202);
  const refused = await post(view, fields(signed(202), "sealed", { node: NODE, lockedAmount: "1" }));
  expect([refused.status, refused.text]).toEqual([400, expect.stringContaining("sealed is read as hex only")]);
  expect(view.submitted).toEqual([Transaction.codec.encode(signed(202))]);
});

it("is shown by the API and on the command line by its own fields", async () => {
  const shown = transactionView(signed(201), "devnet", { place: { height: 4, block: "04".repeat(32) } });
  expect(shown).toMatchObject({ kind: "pledge", nonce: "3", payload: { node: NODE, lockedAmount: "2.5" } });
  const view = fakeView();
  view.transaction = async () => shown;
  const app = buildApi(view, { host: "127.0.0.1", bodyBytes: 4096, maxStreams: 1 });
  const reply = await app.inject({ url: `/v1/transactions/${shown.id}`, headers: { host: "127.0.0.1" } });
  expect(reply.json()).toEqual(shown);
  const wide = { colors: pc.createColors(false), columns: Number.POSITIVE_INFINITY };
  expect(transactionLines(shown, wide)).toContain("lockedAmount  2.5");
  const detail = await view.block(4);
  const lines = detail === undefined ? [] : blockLines({ ...detail, transactionList: [shown] }, wide);
  expect(lines.at(-1)).toMatch(
    /^pledge +from devnet1\w{6}…\w{4}, node 0b0b0b0b0b…, lockedAmount 2\.5 \(fee 0\.001\) {2}\w{64}$/,
  );
});

it("that nobody knows, or whose payload is none of it, is shown as that", () => {
  const unknown = { ...signed(201), kind: 99 };
  expect(transactionView(unknown, "devnet")).toMatchObject({ kind: "unknown (99)", payload: {}, height: undefined });
  expect(transactionView({ ...signed(201), payload: utf8("?") }, "devnet")).toMatchObject({
    kind: "unknown (201)",
    payload: {},
  });
});
