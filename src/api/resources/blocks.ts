// Blocks: a stretch of the best chain, and one with its body.
import { z } from "zod";
import { PouwError } from "../../base/index.ts";
import { blockDetailSchema, blockSchema } from "../../node/index.ts";
import { heightOrHash, wholeNumber } from "../inputs.ts";
import { resource } from "../resource.ts";

/** Blocks in one reply at most. */
const MAX_BLOCKS = 100;
const DEFAULT_BLOCKS = 20;
const MAX_HEIGHT = 2 ** 32 - 1;

export const blocks = resource({
  method: "GET",
  path: "/v1/chain/blocks",
  summary: `Blocks of the best chain, upwards; the newest ${DEFAULT_BLOCKS} when nothing is asked for.`,
  query: z.object({
    from: wholeNumber("the first height", MAX_HEIGHT).optional(),
    count: wholeNumber("how many blocks", MAX_BLOCKS).optional(),
  }),
  reply: z.array(blockSchema).readonly(),
  handle(view, { query: { from, count = DEFAULT_BLOCKS } }) {
    return view.blocks(from ?? Math.max(0, view.getStatus().height - count + 1), count);
  },
});

export const block = resource({
  method: "GET",
  path: "/v1/chain/blocks/:id",
  summary:
    "One block with its transactions and records: by height on the best chain, by hash on any branch that is kept.",
  params: z.object({ id: heightOrHash }),
  reply: blockDetailSchema,
  async handle(view, { params: { id } }) {
    const found = await view.block(id);
    if (found === undefined) throw new PouwError("NOT_FOUND", `There is no block ${id} here.`);
    return found;
  },
});
