// Every role by its name. A new role is a folder and a line here.
import { miner } from "./miner/miner.ts";
import { peer } from "./peer/peer.ts";
import type { Effect, Need, RoleEvent, RoleModule, RoleName } from "./role.ts";
import { verifier } from "./verifier/verifier.ts";

export const ROLES = { miner, verifier, peer } as const;

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

/** Starts the roles whose needs are met; `peer` is always there. */
export function startRoles(
  wanted: readonly RoleName[],
  has: (need: Need) => boolean,
  options: { readonly workers: number },
): StartedRoles {
  const running: RunningRole[] = [];
  const first: Effect[] = [];
  const refused: { role: RoleName; missing: Need }[] = [];
  for (const name of new Set<RoleName>([...wanted, "peer"])) {
    const module = ROLES[name] as RoleModule<unknown>;
    const missing = module.needs.find((need) => !has(need));
    if (missing !== undefined) {
      refused.push({ role: name, missing });
      continue;
    }
    let [state, effects] = module.start(options);
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
