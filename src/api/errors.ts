// Errors at the HTTP door: a PouwError becomes its status and `{error}`; anything else says nothing about the inside.
import type { FastifyReply } from "fastify";
import { type ErrorCode, messageOf, PouwError } from "../base/index.ts";
import type { ErrorReply } from "./schemas.ts";

/** Status of the node's own codes (README); those not named here are a failure of the node: 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  BAD_ID: 400,
  BAD_AMOUNT: 400,
  BAD_ENCODING: 400,
  BAD_CONFIG: 400,
  NOT_FOUND: 404,
  REFUSED: 422,
  CLOSED: 503,
};

/** The codes that only this door has; docs/api.md lists them. */
export const HTTP_CODES = {
  BAD_REQUEST: { status: 400, meaning: "The request's body or form is not what the resource takes." },
  FORBIDDEN_HOST: { status: 403, meaning: "The request names a host that is not this machine." },
  FORBIDDEN_ORIGIN: { status: 403, meaning: "Another web site's page asks for something." },
  NO_SUCH_PAGE: { status: 404, meaning: "Nothing is at this path; `GET /v1` lists what there is." },
  BAD_METHOD: { status: 405, meaning: "The path has other methods, named in the header `allow`." },
  JSON_ONLY: { status: 415, meaning: "The body is not JSON, or does not say so." },
  TOO_MANY_STREAMS: {
    status: 503,
    meaning: "As many live streams are open as the settings allow, or half of them by one address.",
  },
} as const;
export type HttpCode = keyof typeof HTTP_CODES;

interface RefusalDetails {
  readonly remedy?: string;
  /** Headers that belong to the answer. */
  readonly headers?: { readonly [name: string]: string };
}

/** A refusal at the door itself, before the node is asked. `message` is one sentence. */
export class HttpRefusal extends Error {
  readonly code: HttpCode;
  readonly details: RefusalDetails;

  constructor(code: HttpCode, message: string, details: RefusalDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** The ledger or the mempool said no: REFUSED, with the refusal's own code beside it. */
export class RefusedError extends PouwError {
  readonly refusal: string;

  constructor(message: string, refusal: string) {
    super("REFUSED", message);
    this.refusal = refusal;
  }
}

/** What fastify itself refuses (body too long, wrong content type, bad JSON) carries a 4xx status. */
function fastifyStatus(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown }).statusCode;
  return typeof status === "number" && status >= 400 && status < 500 ? status : undefined;
}

/** Status of an error that a resource threw; 500 when it is the node's failure. */
export function statusOf(error: unknown): number {
  if (error instanceof HttpRefusal) return HTTP_CODES[error.code].status;
  if (error instanceof PouwError) return STATUS[error.code] ?? 500;
  return fastifyStatus(error) ?? 500;
}

function bodyFor(error: unknown): ErrorReply {
  if (error instanceof HttpRefusal) {
    const { code, message, details } = error;
    return { error: { code, message, remedy: details.remedy } };
  }
  if (error instanceof PouwError) {
    const refusal = error instanceof RefusedError ? error.refusal : undefined;
    return { error: { code: error.code, message: error.message, remedy: error.remedy, refusal } };
  }
  if (fastifyStatus(error) !== undefined) return { error: { code: "BAD_REQUEST", message: messageOf(error) } };
  return { error: { code: "INTERNAL", message: "The node failed to answer; its log says why." } };
}

export function sendError(reply: FastifyReply, error: unknown): void {
  if (error instanceof HttpRefusal) void reply.headers(error.details.headers ?? {});
  void reply.code(statusOf(error)).type("application/json; charset=utf-8").send(bodyFor(error));
}
