// GET /v1/accounts/:address and POST /v1/transfers.
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { fromHex, PouwError, parseAddress, toHex } from "../../base/index.ts";
import { transferCodec } from "../../codec/index.ts";
import type { AccountView, NodeView } from "../../node/index.ts";
import { acceptedSchema, accountSchema, replies } from "../schemas.ts";

const hex = (length: number): z.ZodType<Uint8Array, string> =>
  z.string().transform((text, context) => {
    const bytes = fromHex(text);
    if (bytes?.length === length) return bytes;
    context.addIssue({ code: "custom", message: `must be ${2 * length} hex digits` });
    return z.NEVER;
  });
const u64 = z
  .string()
  .regex(/^\d{1,20}$/, "must be a decimal string")
  .transform(BigInt)
  .refine((value) => value < 2n ** 64n, "must be below 2^64");

const signedTransfer = z.strictObject({
  genesis: hex(32),
  from: hex(32),
  to: hex(32),
  amount: u64,
  fee: u64,
  nonce: u64,
  signature: hex(64),
});

/** Bytes of the body's transfer: `{hex}` as transferCodec encodes it, or `{transfer}` field by field. Throws BAD_ENCODING. */
function transferBytes(body: unknown): Uint8Array {
  const bad = (why: string): PouwError =>
    new PouwError("BAD_ENCODING", `This is not a signed transfer: ${why}.`, {
      remedy: 'Send {"hex": "..."} or {"transfer": {genesis, from, to, amount, fee, nonce, signature}}.',
    });
  const { hex: text, transfer, ...rest } = (body ?? {}) as { hex?: unknown; transfer?: unknown };
  if ((text === undefined) === (transfer === undefined) || Object.keys(rest).length > 0)
    throw bad("the body needs exactly one of hex and transfer");
  if (transfer === undefined) {
    const bytes = typeof text === "string" ? fromHex(text) : undefined;
    if (bytes === undefined) throw bad("hex is not hex");
    transferCodec.decode(bytes);
    return bytes;
  }
  const parsed = signedTransfer.safeParse(transfer);
  if (parsed.success) return transferCodec.encode(parsed.data);
  const issue = parsed.error.issues[0];
  throw bad(`${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim());
}

/** What an address that no block has touched owns. */
const untouched = (address: string): AccountView => ({
  address,
  balance: "0",
  immature: "0",
  nonce: "0",
  bannedUntil: undefined,
});

export function accountsResource(app: FastifyInstance, view: NodeView): void {
  app.get<{ Params: { address: string } }>("/v1/accounts/:address", { schema: replies(accountSchema) }, (request) => {
    const address = toHex(parseAddress(request.params.address));
    return view.account(address) ?? untouched(address);
  });

  app.post("/v1/transfers", { schema: replies(acceptedSchema) }, async (request, reply) => {
    const { id, verdict } = await view.submitTransfer(transferBytes(request.body));
    if (verdict.kind === "accept") return reply.code(202).send({ id, accepted: true });
    const { code: refusal, reason } = verdict;
    return reply
      .code(422)
      .send({ error: { code: "REFUSED", message: `The transfer was refused: ${reason}.`, refusal } });
  });
}
