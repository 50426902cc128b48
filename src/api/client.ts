// The typed client of a node's API: what `status`, `peers`, `wallet` and `chain` talk through. A call is a row of the API:
// path, input and reply are the server's own.
import type { z } from "zod";
import { ERROR_CODES, type ErrorCode, messageOf, PouwError, toHex } from "../base/index.ts";
import type { AccountView, BlockDetail, BlockView, NodeStatus, PeerView, TransactionView } from "../node/index.ts";
import type { Resource } from "./resource.ts";
import { account } from "./resources/accounts.ts";
import { block, blocks } from "./resources/blocks.ts";
import { peers } from "./resources/peers.ts";
import { status } from "./resources/status.ts";
import { submitTransaction, transactionById } from "./resources/transactions.ts";
import { errorSchema } from "./schemas.ts";

const TIMEOUT_MS = 10_000;

export interface ApiClient {
  readonly url: string;
  status(): Promise<NodeStatus>;
  peers(): Promise<readonly PeerView[]>;
  /** The newest `count` when `from` is undefined. */
  blocks(from: number | undefined, count: number): Promise<readonly BlockView[]>;
  /** Throws NOT_FOUND. */
  block(id: string): Promise<BlockDetail>;
  /** Throws NOT_FOUND. */
  transaction(id: string): Promise<TransactionView>;
  account(address: string): Promise<AccountView>;
  /** The transaction's id; throws REFUSED with the node's reason. */
  submitTransaction(bytes: Uint8Array): Promise<string>;
}

/** What a call sends: each part as its schema takes it. */
interface Sent<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params?: z.input<P>;
  readonly query?: z.input<Q>;
  readonly body?: z.input<B>;
}

const knownCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CODES, code);

/** Throws the server's own error, as a PouwError. */
function rethrow(httpStatus: number, body: unknown): never {
  const parsed = errorSchema.safeParse(body);
  if (!parsed.success) throw new PouwError("INTERNAL", `The node answered ${httpStatus} without a reason.`);
  const { code, message, remedy } = parsed.data.error;
  throw new PouwError(knownCode(code) ? code : "INTERNAL", message, remedy === undefined ? {} : { remedy });
}

/** The row's path with its parameters filled in, and what is defined of the query. */
function pathOf({ path }: Resource, params: unknown = {}, query: unknown = {}): string {
  const values = new Map(Object.entries(params as object));
  const filled = path.replace(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(String(values.get(name))));
  const given = Object.entries(query as object).flatMap(([k, v]): [string, string][] =>
    v === undefined ? [] : [[k, String(v)]],
  );
  return given.length === 0 ? filled : `${filled}?${new URLSearchParams(given)}`;
}

/** Throws NOT_RUNNING when nobody answers. */
async function request(url: string, method: string, path: string, body: unknown): Promise<Response> {
  const content = { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(new URL(path, url), { method, signal, ...(body === undefined ? {} : content) });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new PouwError("NOT_RUNNING", `No node answers at ${url}: ${messageOf(cause)}.`, {
      remedy: "Start one with `pouw-node start`, or give the right --data-dir.",
      cause: error,
    });
  }
}

/** A client for the API at `url`, such as http://127.0.0.1:9480. Throws NOT_RUNNING when nobody answers. */
export function apiClient(url: string): ApiClient {
  async function call<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
    row: Resource<P, Q, B, R>,
    { params, query, body }: Sent<P, Q, B> = {},
  ): Promise<z.output<R>> {
    const response = await request(url, row.method, pathOf(row, params, query), body);
    const reply: unknown = await response.json().catch(() => undefined);
    if (!response.ok) rethrow(response.status, reply);
    const parsed = row.reply.safeParse(reply);
    if (parsed.success) return parsed.data;
    throw new PouwError("BAD_ENCODING", `The node at ${url} answers in a form that this version does not know.`, {
      remedy: "Use the same version of pouw-node for both.",
      cause: parsed.error,
    });
  }
  return {
    url,
    status: () => call(status),
    peers: () => call(peers),
    blocks: (from, count) =>
      call(blocks, { query: { count: `${count}`, ...(from === undefined ? {} : { from: `${from}` }) } }),
    block: (id) => call(block, { params: { id } }),
    transaction: (id) => call(transactionById, { params: { id } }),
    account: (address) => call(account, { params: { address } }),
    submitTransaction: async (bytes) => (await call(submitTransaction, { body: { hex: toHex(bytes) } })).id,
  };
}
