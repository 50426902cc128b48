// Every error code of the node, in one table. `exit` is the process exit code when the error reaches a door.

/** code -> what it means; the README's table of errors is checked against this by test/arch. */
export const ERROR_CODES = {
  BAD_ID: { exit: 2, meaning: "An id, hash or address has the wrong form." },
  BAD_AMOUNT: { exit: 2, meaning: "An amount of money is none, or out of range." },
  BAD_CONFIG: { exit: 2, meaning: "A setting is unknown or has a value that is not allowed." },
  BAD_ENCODING: { exit: 1, meaning: "Bytes do not decode as the object they claim to be." },
  BAD_GRAPH: { exit: 1, meaning: "A training graph uses a forbidden operator or could round inside a reduction." },
  BAD_GENESIS: { exit: 1, meaning: "A genesis file is malformed or names a model this version does not have." },
  BAD_MODEL: { exit: 1, meaning: "A model's files are missing, altered or do not belong together." },
  BAD_DATA: { exit: 1, meaning: "A data set is missing or does not match its digest." },
  BAD_PLUGIN: { exit: 1, meaning: "A plugin cannot be loaded, or brings what is malformed or there already." },
  BAD_KEY: { exit: 1, meaning: "A key file or secret key has the wrong form." },
  NOT_FINITE: { exit: 1, meaning: "A training graph produced a NaN or an infinity." },
  STORE_LOCKED: { exit: 1, meaning: "Another process has the data directory open." },
  STORE_CORRUPT: { exit: 1, meaning: "A record in the store fails its checksum or contradicts its neighbours." },
  STORE_FAILED: { exit: 1, meaning: "The store refused a read or a write." },
  WRONG_NETWORK: { exit: 1, meaning: "The data directory belongs to another network or genesis." },
  PORT_IN_USE: { exit: 1, meaning: "A listening address is taken by another process." },
  WIRE_FAILED: { exit: 1, meaning: "A peer could not be reached or broke off." },
  WIRE_TIMEOUT: { exit: 1, meaning: "A peer did not answer in time." },
  CAPABILITY_ABSENT: { exit: 3, meaning: "Something needs an optional part that this machine does not have." },
  NOT_FOUND: { exit: 1, meaning: "A block, record, parameter set or account that was asked for is not here." },
  REFUSED: { exit: 1, meaning: "The ledger or the mempool refused an object; the refusal's own code says why." },
  NOT_RUNNING: { exit: 1, meaning: "A command needs a running node and found none." },
  ALREADY_STARTED: { exit: 1, meaning: "A node was started twice." },
  CLOSED: { exit: 1, meaning: "A part was used after it was closed." },
  INTERNAL: { exit: 1, meaning: "A broken invariant; please report it." },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The only error class of the node. `message` is one sentence; `remedy`, if any, is the next step. */
export class PouwError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PouwError";
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** Whether what was thrown says that bytes do not decode: whoever sent them is at fault. */
export const isMalformed = (error: unknown): error is PouwError =>
  error instanceof PouwError && error.code === "BAD_ENCODING";

/** First line of whatever was thrown. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] as string;
}

/**
 * STORE_CORRUPT with the one next step that is safe: the keys, and what they signed, stay where they are, and nothing older is put in the
 * chain's place.
 */
export function storeCorrupt(what: string, cause?: unknown): PouwError {
  return new PouwError("STORE_CORRUPT", `The store is damaged: ${what}.`, {
    remedy:
      "Stop the node, move the folder chain of the data directory away and start again with all else in its place, signed-*.log above all: the chain is fetched anew, and nothing is signed twice.",
    ...(cause === undefined ? {} : { cause }),
  });
}
