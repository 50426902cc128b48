// Who goes when it gets crowded: somebody of the most crowded IP group, the least useful first, and never the oldest useful peers.

export interface Member {
  readonly group: string;
  /** They dialled. Whom this node dialled itself stays. */
  readonly inbound: boolean;
  /** What it was good for lately; above 0 it is useful. */
  readonly score: number;
}

export interface CrowdLimits {
  readonly all: number;
  /** Of one IP group. */
  readonly perGroup: number;
}

/** Of all places these are for the oldest useful peers, at most so many of one group. */
const KEPT_SHARE = 4;
const KEPT_PER_GROUP = 2;

/** The member that makes room, of members in order of arrival; undefined while there is room for all. */
export function victimOf<M extends Member>(members: readonly M[], { all, perGroup }: CrowdLimits): M | undefined {
  const inbound = members.filter((one) => one.inbound);
  const size = sizes(inbound);
  if (members.length <= all && [...size.values()].every((n) => n <= perGroup)) return undefined;
  const kept = oldestUseful(inbound, Math.floor(all / KEPT_SHARE));
  const newcomer = members.at(-1);
  // A newcomer that is alone in its group is not the one to go, or a full table would be full for good.
  const mayGo = inbound.filter((one) => !kept.has(one) && !(one === newcomer && size.get(one.group) === 1));
  const most = Math.max(0, ...mayGo.map((one) => size.get(one.group) ?? 0));
  const crowded = mayGo.filter((one) => size.get(one.group) === most);
  return (
    crowded.reduce<M | undefined>((out, one) => (out === undefined || one.score <= out.score ? one : out), undefined) ??
    newcomer
  );
}

function oldestUseful<M extends Member>(inbound: readonly M[], places: number): Set<M> {
  const kept = new Set<M>();
  const ofGroup = new Map<string, number>();
  for (const one of inbound) {
    const before = ofGroup.get(one.group) ?? 0;
    if (kept.size >= places || one.score <= 0 || before >= KEPT_PER_GROUP) continue;
    kept.add(one);
    ofGroup.set(one.group, before + 1);
  }
  return kept;
}

function sizes(members: readonly Member[]): Map<string, number> {
  const size = new Map<string, number>();
  for (const { group } of members) size.set(group, (size.get(group) ?? 0) + 1);
  return size;
}
