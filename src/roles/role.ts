// What a role is: its settings, what it needs and claims, which events it listens to, a pure step from an event to effects, and what its effects do.
import type { OwnSettings, Setting } from "../base/index.ts";
import type { Engine, EngineEvents } from "../engine/index.ts";
import type { Clock, Log } from "../ports/index.ts";
import type { Task } from "../work/index.ts";

/** Optional parts of the node that a role may not do without. */
export type Need = "runtime";

/** What a node that runs the role may or does do. */
export interface Claims {
  /** May win blocks and lead rounds. */
  readonly leads: boolean;
  /** Re-executes a block before it relays it. */
  readonly checksBeforeRelay: boolean;
  /** Runs every audited unit, not only those that the key is drawn for. */
  readonly watchesAudits: boolean;
}

/** Training makes no sense while the chain is being fetched, and stops on command: every role hears of it. */
export type ControlEvent = { readonly type: "pause" } | { readonly type: "resume" };

interface Typed {
  readonly type: string;
}

/** What a role starts with. */
export interface RoleStart<O extends Setting> {
  /** Units that can run at once here. */
  readonly workers: number;
  /** The values of its own settings. */
  readonly options: OwnSettings<O>;
  /** The tasks that this node follows, by ascending id. */
  readonly tasks: readonly Task[];
}

/** What an effect may use. */
export interface RoleTools<E> {
  /** Commands: train, attest, ... */
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Hands an event to this role's step. */
  readonly send: (event: E) => void;
}

/** `S`: its state; `E`: its own events; `F`: its effects; `O`: the rows of its own settings. */
export interface RoleModule<S, E extends Typed, F extends Typed, O extends Setting = never> {
  readonly name: string;
  /** Its bit in the status handshake, as a value: of 16, the upper eight are plugins'; 0: nobody is told. */
  readonly bit: number;
  /** Without these the role does not start and the node goes on as a peer. */
  readonly needs: readonly Need[];
  readonly claims: Partial<Claims>;
  /** Its own settings, with keys under its own name: the configuration knows them from here. */
  readonly options?: readonly O[];
  /** Engine events that concern it, in its own words; undefined: not this time. */
  readonly listens: { readonly [K in keyof EngineEvents]?: (payload: EngineEvents[K]) => E | undefined };
  readonly start: (given: RoleStart<O>) => readonly [S, readonly F[]];
  /** Pure: the simulator and the real node run the same. */
  readonly step: (state: S, event: E | ControlEvent) => readonly [S, readonly F[]];
  /** Carries an effect out; a promise is waited for when training is to stop. */
  readonly effects: { readonly [T in F["type"]]: (effect: Extract<F, { type: T }>, tools: RoleTools<E>) => unknown };
}

/** A role as the table holds it, whatever its state, events and effects are. */
export type AnyRole = RoleModule<unknown, Typed, Typed, Setting>;
/** Keeps a role's own types while they are checked. */
export const role = <S, E extends Typed, F extends Typed, O extends Setting = never>(
  module: RoleModule<S, E, F, O>,
): RoleModule<S, E, F, O> => module;
/** Forgets them, for tables of roles. */
export const anyRole = (module: unknown): AnyRole => module as AnyRole;
