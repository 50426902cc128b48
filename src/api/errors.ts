// Errors at the HTTP door: a PouwError becomes its status and `{error}`; anything else says nothing about the inside.
import type { FastifyReply } from "fastify";
import { type ErrorCode, messageOf, PouwError } from "../base/index.ts";
import type { ErrorReply } from "./schemas.ts";

const STATUS: Partial<Record<ErrorCode, number>> = {
  BAD_ID: 400,
  BAD_ENCODING: 400,
  BAD_CONFIG: 400,
  NOT_FOUND: 404,
  REFUSED: 422,
  CLOSED: 503,
};

/** A refusal at the door itself, before the node is asked. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What fastify itself refuses (body too long, wrong content type, bad JSON) carries a 4xx status. */
function fastifyStatus(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown }).statusCode;
  return typeof status === "number" && status >= 400 && status < 500 ? status : undefined;
}

export function replyFor(error: unknown): { status: number; body: ErrorReply } {
  if (error instanceof HttpRefusal)
    return { status: error.status, body: { error: { code: error.code, message: error.message } } };
  if (error instanceof PouwError) {
    const { code, message, remedy } = error;
    return {
      status: STATUS[code] ?? 500,
      body: { error: { code, message, ...(remedy === undefined ? {} : { remedy }) } },
    };
  }
  const status = fastifyStatus(error);
  if (status !== undefined) return { status, body: { error: { code: "BAD_REQUEST", message: messageOf(error) } } };
  return {
    status: 500,
    body: { error: { code: "INTERNAL", message: "The node failed to answer; its log says why." } },
  };
}

export function sendError(reply: FastifyReply, error: unknown): void {
  const { status, body } = replyFor(error);
  void reply.code(status).send(body);
}
