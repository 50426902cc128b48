// Who signs: the account's key, what it signed so far, and whether a chain must be heard before it signs again.
import { existsSync } from "node:fs";
import type { Scope } from "../../base/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import type { Log, SigningHistory } from "../../ports/index.ts";
import type { NodeOptions } from "../config/index.ts";
import { memoryHistory, openSignedFile, signedPath } from "./signed-file.ts";
import { openAccount, walletPath } from "./wallet.ts";

/** Until its first win a node listens before each record for another with its key: no less than the first, up to so much longer by chance, ms. */
const FIRST_WAIT_MS = 500;
const MORE_WAIT_MS = 2000;

/** By chance, so that of two who start alike one hears the other. */
export const firstWaitMs = (): number => FIRST_WAIT_MS + MORE_WAIT_MS * Math.random();

/** Two machines with one key begin at one index, and run the same units, once in so many starts. */
const FIRST_INDEXES = 2 ** 30;

/** By chance, so that of one key no two machines run the same units, and none runs one again after a restart. */
export const firstIndex = (): number => Math.floor(FIRST_INDEXES * Math.random());

/** Parts that a caller brings itself. */
interface OwnParts {
  readonly key?: KeyPair;
  readonly history?: SigningHistory;
}

export interface OwnAccount {
  readonly key: KeyPair;
  readonly history: SigningHistory;
  /** The key is older than what is known of what it signed. */
  readonly isUnsure: boolean;
}

/** The account's key and what it signed: beside it, or in memory where a node keeps nothing. */
export async function openKey(options: NodeOptions, parts: OwnParts, log: Log, scope: Scope): Promise<OwnAccount> {
  const isOld = options.accountSecret !== undefined || existsSync(walletPath(options.dataDir));
  const { keys: key, warning } =
    parts.key === undefined
      ? openAccount(options.dataDir, options.accountSecret)
      : { keys: parts.key, warning: undefined };
  if (warning !== undefined) log.warn({}, warning);
  if (parts.history !== undefined || options.ephemeral)
    return { key, history: parts.history ?? memoryHistory(), isUnsure: false };
  const history = await openSignedFile(signedPath(options.dataDir, key.address));
  scope.defer("the history of the key", () => history.close());
  return { key, history, isUnsure: isOld && history.isNew };
}

/** Why a node must hear its peers' chain before it signs; undefined where it need not. */
export function keyTrouble(
  height: number,
  { history, isUnsure }: OwnAccount,
  { mayHear, log }: { readonly mayHear: boolean; readonly log: Log },
): string | undefined {
  const trouble = troubleOf(height, history.top, isUnsure && mayHear);
  if (trouble !== undefined) log.warn({}, trouble);
  return trouble;
}

function troubleOf(height: number, top: number, isUnsure: boolean): string | undefined {
  // A block that was signed and not stored before a kill is nothing unusual.
  if (top > height + 1)
    return `This key signed at height ${top} and the chain here ends at ${height}: nothing is signed before a peer has told the chain. Start with --bootstrap, or with another --data-dir, which has a key of its own.`;
  return isUnsure
    ? "What this key signed before is not known here: nothing is signed before a peer has told the chain."
    : undefined;
}
