// Every role by its name. A new role is a folder and a line here.
import type { Setting, SettingsOf } from "../base/index.ts";
import { miner } from "./miner/miner.ts";
import { peer } from "./peer/peer.ts";
import type { Effect, Need, RoleEvent, RoleModule, RoleName } from "./role.ts";
import { verifier } from "./verifier/verifier.ts";

export const ROLES = { miner, verifier, peer } as const;

type OptionsOf<M> = M extends RoleModule<infer _S, infer O> ? O : never;
export type RoleSetting = OptionsOf<(typeof ROLES)[RoleName]>;
/** The settings that roles own: the configuration's table ends with them. */
export const ROLE_SETTINGS: readonly RoleSetting[] = Object.values(ROLES).flatMap(({ options }) => options ?? []);

/** A started role with its state inside. */
export interface RunningRole {
  readonly name: RoleName;
  readonly step: (event: RoleEvent) => readonly Effect[];
}

export interface StartedRoles {
  readonly running: readonly RunningRole[];
  readonly first: readonly Effect[];
  readonly refused: readonly { readonly role: RoleName; readonly missing: Need }[];
}

export interface RoleInputs {
  /** Units that can run at once here. */
  readonly workers: number;
  /** The node's settings, of which each role is handed its own. */
  readonly settings: SettingsOf<RoleSetting>;
}

/** Starts the roles whose needs are met; `peer` is always there. */
export function startRoles(
  wanted: readonly RoleName[],
  has: (need: Need) => boolean,
  { workers, settings }: RoleInputs,
): StartedRoles {
  const own: { readonly [role: string]: object | undefined } = settings;
  const running: RunningRole[] = [];
  const first: Effect[] = [];
  const refused: { role: RoleName; missing: Need }[] = [];
  for (const name of new Set<RoleName>([...wanted, "peer"])) {
    const module = ROLES[name] as RoleModule<unknown, Setting>;
    const missing = module.needs.find((need) => !has(need));
    if (missing !== undefined) {
      refused.push({ role: name, missing });
      continue;
    }
    let [state, effects] = module.start({ workers, options: own[name] ?? {} });
    first.push(...effects);
    running.push({
      name,
      step: (event) => {
        [state, effects] = module.step(state, event);
        return effects;
      },
    });
  }
  return { running, first, refused };
}
