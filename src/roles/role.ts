// What a role is: what it needs, a first state, and a pure step from an event to effects. The node runs the effects.
import type { OwnSettings, Setting } from "../base/index.ts";
import type { Outcome } from "../codec/index.ts";

export type RoleName = "miner" | "verifier" | "peer";
export type Need = "runtime";

export type RoleEvent =
  /** The common state to train from changed. `start` and `head` are hex. */
  | { readonly type: "round"; readonly start: string; readonly head: string }
  /** An own unit ended; `ran` is false when it could not run (parameters missing, banned). */
  | { readonly type: "unit-done"; readonly mlNode: number; readonly ran: boolean }
  /** A wait that the role asked for is over. */
  | { readonly type: "waited"; readonly mlNode: number }
  /** Training makes no sense while the chain is being fetched, and stops on command. */
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  /** A block's winning unit was re-executed here. */
  | { readonly type: "executed"; readonly block: string; readonly outcome: Outcome };

export type Effect =
  | { readonly type: "train"; readonly mlNode: number; readonly index: number }
  /** Send `waited` after this share of a median unit. */
  | { readonly type: "wait"; readonly mlNode: number; readonly units: number }
  | { readonly type: "attest"; readonly block: string; readonly outcome: Outcome };

/** `S`: its state; `O`: the rows of its own settings. */
export interface RoleModule<S, O extends Setting = never> {
  readonly name: RoleName;
  /** Without these the role does not start and the node goes on as a peer. */
  readonly needs: readonly Need[];
  /** Bit in the status handshake. */
  readonly bit: number;
  /** Its own settings, with keys under its own name: the configuration knows them from here. */
  readonly options?: readonly O[];
  /** `workers`: units that can run at once here. `options`: the values of its own settings. */
  readonly start: (given: {
    readonly workers: number;
    readonly options: OwnSettings<O>;
  }) => readonly [S, readonly Effect[]];
  readonly step: (state: S, event: RoleEvent) => readonly [S, readonly Effect[]];
}
