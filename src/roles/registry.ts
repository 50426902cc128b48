// Every role by its name, and how those that a node was asked for are started. A new role is a file and a line here.
import type { Task } from "../work/index.ts";
import { miner } from "./miner/index.ts";
import { peer } from "./peer.ts";
import { type AnyRole, anyRole, type Claims, type Need, type RoleModule } from "./role.ts";
import { verifier } from "./verifier.ts";

export const ROLES = { miner, verifier, peer } as const;
const BUILT_IN: readonly AnyRole[] = Object.values(ROLES).map(anyRole);

/** Roles of the protocol that this version does not have yet: asking for one is refused with a sentence, and the node goes on. */
export const PLANNED_ROLES = ["supervisor", "evaluator", "client"] as const;
/** What `--role` may name. */
export const ROLE_NAMES: readonly string[] = [...Object.keys(ROLES), ...PLANNED_ROLES];

type OptionsOf<M> = M extends RoleModule<infer _S, infer _E, infer _F, infer O> ? O : never;
export type RoleSetting = OptionsOf<(typeof ROLES)[keyof typeof ROLES]>;
/** The settings that roles own: the configuration's table ends with them. */
export const ROLE_SETTINGS: readonly RoleSetting[] = BUILT_IN.flatMap(
  ({ options }) => (options ?? []) as readonly RoleSetting[],
);

export interface RefusedRole {
  readonly role: string;
  /** Undefined when this version does not have the role. */
  readonly missing: Need | undefined;
}

export interface ChosenRoles {
  readonly roles: readonly AnyRole[];
  readonly refused: readonly RefusedRole[];
}

/** The roles that were asked for and whose needs are met; `peer` is always there. `extra`: those of plugins. */
export function chooseRoles(
  wanted: readonly string[],
  has: (need: Need) => boolean,
  extra: readonly AnyRole[] = [],
): ChosenRoles {
  const known = new Map<string, AnyRole>([...BUILT_IN, ...extra].map((role) => [role.name, role]));
  const roles: AnyRole[] = [];
  const refused: RefusedRole[] = [];
  for (const name of new Set([...wanted, "peer"])) {
    const role = known.get(name);
    const missing = role?.needs.find((need) => !has(need));
    if (role === undefined || missing !== undefined) refused.push({ role: name, missing });
    else roles.push(role);
  }
  return { roles, refused };
}

/** What a node with these roles does: a claim of one is a claim of the node. */
export function claimsOf(roles: readonly AnyRole[]): Claims {
  const any = (claim: keyof Claims): boolean => roles.some(({ claims }) => claims[claim] === true);
  return { leads: any("leads"), checksBeforeRelay: any("checksBeforeRelay"), watchesAudits: any("watchesAudits") };
}

type Effect = Parameters<AnyRole["effects"][string]>[0];
type Event = Parameters<AnyRole["step"]>[1];

/** A started role with its state inside. */
export interface RunningRole {
  readonly role: AnyRole;
  readonly first: readonly Effect[];
  readonly step: (event: Event) => readonly Effect[];
}

export interface RoleInputs {
  /** Units that can run at once here. */
  readonly workers: number;
  /** The node's settings, of which each role is handed its own. */
  readonly settings: object;
  readonly tasks: readonly Task[];
}

export function startRole(role: AnyRole, { workers, settings, tasks }: RoleInputs): RunningRole {
  const own = settings as { readonly [role: string]: object | undefined };
  let [state, effects] = role.start({ workers, options: (own[role.name] ?? {}) as never, tasks });
  return {
    role,
    first: effects,
    step: (event) => {
      [state, effects] = role.step(state, event);
      return effects;
    },
  };
}
