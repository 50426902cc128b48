// What an engine is told and what it is given.
import type { Genesis, Rules } from "../chain/index.ts";
import type { KeyPair } from "../crypto/index.ts";
import type { Artifacts, Clock, Log, Runtime, SigningHistory, Store, Wire } from "../ports/index.ts";
import type { Task } from "../work/index.ts";
import type { Retention } from "./storage/index.ts";

export interface EngineOptions {
  readonly genesis: Genesis;
  readonly rules: Rules;
  /** The tasks that this node follows, among the rules'. */
  readonly tasks: readonly Task[];
  /** Bit set of roles, as the status handshake carries it. */
  readonly roleBits: number;
  /** Re-execute a block before relaying it. */
  readonly checksBeforeRelay: boolean;
  /** Of a long chain, run a sample of the units of its past; else each. */
  readonly samples: boolean;
  /** Run every audited unit, not only those that the key is drawn for. */
  readonly watchesAudits: boolean;
  /** May win and lead. */
  readonly leads: boolean;
  /** Lowest fee of a transaction that is kept and passed on, in millionths of a coin. */
  readonly minFee: bigint;
  readonly trustedVerifiers: readonly Uint8Array[];
  /** How long what is stored; the standard one when absent. */
  readonly retention?: Retention;
  /** How long whoever else has the key is listened for before a record is signed, until the first win, ms; not at all where absent. */
  readonly firstWaitMs?: () => number;
  /** Index of the first unit of every place; 0 when absent. By chance, so that two machines with one key run different units, and a restarted one those that it has not run. */
  readonly firstIndex?: number;
}

export interface EngineDeps {
  readonly store: Store;
  readonly wire: Wire;
  readonly artifacts: Artifacts;
  /** Undefined on a node that cannot train: it follows attestations. */
  readonly runtime: Runtime | undefined;
  readonly key: KeyPair;
  /** What the key signed before. */
  readonly history: SigningHistory;
  readonly clock: Clock;
  readonly log: Log;
}
