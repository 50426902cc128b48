// GET /v1/chain/blocks, /v1/chain/blocks/:id and /v1/chain/tx/:id.
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { fromHex, PouwError, toHex } from "../../base/index.ts";
import type { NodeView } from "../../node/index.ts";
import { blockDetailSchema, blockSchema, replies, transferSchema } from "../schemas.ts";

/** Blocks in one reply at most. */
const MAX_BLOCKS = 100;
const DEFAULT_BLOCKS = 20;

function numberParameter(text: string | undefined, name: string, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value > max)
    throw new PouwError("BAD_ID", `${name} must be a whole number of at most ${max}.`);
  return value;
}

/** 64 hex digits, lower case and without prefix; throws BAD_ID. */
function hashParameter(text: string, what: string): string {
  const bytes = text.length <= 66 ? fromHex(text) : undefined;
  if (bytes?.length !== 32) throw new PouwError("BAD_ID", `${what} is 64 hex digits.`);
  return toHex(bytes);
}

export function chainResource(app: FastifyInstance, view: NodeView): void {
  app.get<{ Querystring: { from?: string; count?: string } }>(
    "/v1/chain/blocks",
    { schema: replies(z.array(blockSchema)) },
    (request) => {
      const count = numberParameter(request.query.count, "count", MAX_BLOCKS) ?? DEFAULT_BLOCKS;
      const newest = view.getStatus().height;
      const from = numberParameter(request.query.from, "from", 2 ** 32 - 1) ?? Math.max(0, newest - count + 1);
      return view.blocks(from, count);
    },
  );

  app.get<{ Params: { id: string } }>(
    "/v1/chain/blocks/:id",
    { schema: replies(blockDetailSchema) },
    async (request) => {
      const { id } = request.params;
      const height = /^\d{1,10}$/.test(id) ? Number(id) : undefined;
      const block = await view.block(height ?? hashParameter(id, "a block hash"));
      if (block === undefined) throw new PouwError("NOT_FOUND", `There is no block ${id} here.`);
      return block;
    },
  );

  app.get<{ Params: { id: string } }>("/v1/chain/tx/:id", { schema: replies(transferSchema) }, async (request) => {
    const id = hashParameter(request.params.id, "a transfer's id");
    const transfer = await view.transfer(id);
    if (transfer === undefined) throw new PouwError("NOT_FOUND", `There is no transfer ${id} here.`);
    return transfer;
  });
}
