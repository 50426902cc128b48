// Withholding of blocks as Eyal and Sirer describe it, and what it may bring at most.
import type { Block, Network, Player, Strategy } from "./types.ts";

/** Lets everybody see the first hidden blocks, up to this height. */
function show(me: Player, network: Network, height: number): void {
  for (const block of me.hidden) if (block.height <= height) network.publish(block);
  me.hidden = me.hidden.filter((block) => block.height > height);
}

/** Who of the honest works on the own block, once the race's messages have arrived. */
function countFollowers(me: Player, own: Block, { agenda, players }: Network): void {
  agenda.add(agenda.now + 0.6, () => {
    const others = players.filter((player) => player !== me);
    const still = others.filter(({ head }) => head.height === own.height);
    // After that time the race may be over; then it says nothing.
    if (still.length < others.length) return;
    me.races.count++;
    me.races.followers += still.filter(({ head }) => head === own).length / others.length;
  });
}

function heard(block: Block, me: Player, network: Network): void {
  const tip = me.hidden.at(-1);
  if (tip === undefined) return;
  if (me.head !== tip) {
    me.hidden = [];
    return;
  }
  me.rival = Math.max(me.rival, block.height);
  const lead = tip.height - block.height;
  show(me, network, lead <= 1 ? tip.height : block.height);
  if (lead === 0) countFollowers(me, tip, network);
}

/** Keeps a won block back when `holds` says so, unless it decides a race that is on. */
export const withholding = (holds: (block: Block) => boolean): Partial<Strategy> => ({
  near: 0.25,
  heard,
  won: (block, me) => {
    const isRace = me.hidden.length === 0 && block.parent?.player === me.number && me.rival === block.parent.height;
    return !isRace && (me.hidden.length > 0 || holds(block)) ? "hold" : "publish";
  },
});

/** Part of all blocks that a share of the power gets by withholding, where a part `gamma` of the others follows it in a race. */
export function withheldShare(share: number, gamma: number): number {
  const a = share;
  return (a * (1 - a) ** 2 * (4 * a + gamma * (1 - 2 * a)) - a ** 3) / (1 - a * (1 + (2 - a) * a));
}
