// The typed client of a node's API: what `status`, `peers`, `wallet` and `chain` talk through.
import { z } from "zod";
import { messageOf, PouwError, toHex } from "../base/index.ts";
import type { AccountView, BlockDetail, BlockView, NodeStatus, TransferView } from "../node/index.ts";
import type { PeerInfo } from "../ports/index.ts";
import {
  acceptedSchema,
  accountSchema,
  blockDetailSchema,
  blockSchema,
  errorSchema,
  peerSchema,
  statusSchema,
  transferSchema,
} from "./schemas.ts";

const TIMEOUT_MS = 10_000;

export interface ApiClient {
  readonly url: string;
  status(): Promise<NodeStatus>;
  peers(): Promise<readonly PeerInfo[]>;
  /** The newest `count` when `from` is undefined. */
  blocks(from: number | undefined, count: number): Promise<readonly BlockView[]>;
  /** Throws NOT_FOUND. */
  block(id: string): Promise<BlockDetail>;
  /** Throws NOT_FOUND. */
  transfer(id: string): Promise<TransferView>;
  account(address: string): Promise<AccountView>;
  /** The transfer's id; throws REFUSED with the node's reason. */
  submitTransfer(bytes: Uint8Array): Promise<string>;
}

/** Throws the server's own error, as a PouwError. */
function rethrow(status: number, body: unknown): never {
  const parsed = errorSchema.safeParse(body);
  if (!parsed.success) throw new PouwError("INTERNAL", `The node answered ${status} without a reason.`);
  const { code, message, remedy } = parsed.data.error;
  const known = code === "NOT_FOUND" || code === "REFUSED" || code === "BAD_ID" || code === "BAD_ENCODING";
  throw new PouwError(known ? code : "INTERNAL", message, remedy === undefined ? {} : { remedy });
}

/** A client for the API at `url`, such as http://127.0.0.1:9480. Throws NOT_RUNNING when nobody answers. */
export function apiClient(url: string): ApiClient {
  async function call<T>(path: string, schema: z.ZodType, body?: object): Promise<T> {
    let response: Response;
    try {
      response = await fetch(new URL(path, url), {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined
          ? {}
          : { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      throw new PouwError("NOT_RUNNING", `No node answers at ${url}: ${messageOf(cause)}.`, {
        remedy: "Start one with `pouw-node start`, or give the right --data-dir.",
        cause: error,
      });
    }
    const reply: unknown = await response.json().catch(() => undefined);
    if (!response.ok) rethrow(response.status, reply);
    const parsed = schema.safeParse(reply);
    if (!parsed.success)
      throw new PouwError("BAD_ENCODING", `The node at ${url} answers in a form that this version does not know.`, {
        remedy: "Use the same version of pouw-node for both.",
        cause: parsed.error,
      });
    return parsed.data as T;
  }
  const part = encodeURIComponent;
  return {
    url,
    status: () => call("/v1/status", statusSchema),
    peers: () => call("/v1/peers", z.array(peerSchema)),
    blocks: (from, count) =>
      call(`/v1/chain/blocks?count=${count}${from === undefined ? "" : `&from=${from}`}`, z.array(blockSchema)),
    block: (id) => call(`/v1/chain/blocks/${part(id)}`, blockDetailSchema),
    transfer: (id) => call(`/v1/chain/tx/${part(id)}`, transferSchema),
    account: (address) => call(`/v1/accounts/${part(address)}`, accountSchema),
    async submitTransfer(bytes) {
      const { id } = await call<z.infer<typeof acceptedSchema>>("/v1/transfers", acceptedSchema, { hex: toHex(bytes) });
      return id;
    },
  };
}
