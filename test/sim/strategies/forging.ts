// Forged contributions: they take no time, and are sent beside what was trained or in its place.
import { placesOf } from "./ledger.ts";
import type { Lane, Network, Player } from "./types.ts";

/** After a finished unit: sends as many forged contributions as the player's rate asks for and its key has places for. */
export function forge(network: Network, me: Player, lane: Lane): void {
  const { forges } = me.strategy;
  const head = network.workBlock(me);
  if (forges === undefined || (forges.leading && head.player !== me.number)) return;
  const key = me.forger ?? (me.keys[lane.slot] as number);
  if (me.sentOn !== head) Object.assign(me, { sentOn: head, sent: 0 });
  const free = placesOf(head.state, key, network.params) - me.sent;
  const wanted = forges.rate === 1 ? 60 : forges.rate / (1 - forges.rate);
  const whole = Math.floor(wanted) + (network.chance.next() < wanted % 1 ? 1 : 0);
  const at = { ...lane, block: head, start: network.newest(me, head, lane.task) };
  for (let i = 0; i < Math.min(whole, free); i++) {
    network.send(network.unitOf(at, key, true));
    me.sent++;
  }
}

/** Keys that were found out are left behind; new ones cost nothing, but have only the stake that is put on them. */
export function replaceBanned({ owners }: Network, me: Player): void {
  const { accounts } = me.head.state;
  for (const old of [...me.purse]) {
    if (accounts[old.key]?.banned !== true || (old.key !== me.forger && !me.keys.includes(old.key))) continue;
    const key = owners.length;
    owners.push(me.number);
    me.purse.push({ key, keep: old.keep });
    old.keep = 0n;
    if (me.forger === old.key) me.forger = key;
    else me.keys[me.keys.indexOf(old.key)] = key;
  }
}
