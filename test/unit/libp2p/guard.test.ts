// Who is shut out, for how long, and with whom: peers after three wrongs, groups that bred three of them, peers of other networks.
import type { PeerId } from "@libp2p/interface";
import { beforeEach, expect, it } from "vitest";
import { createGuard, type Guard } from "../../../src/adapters/libp2p/peers/guard.ts";
import type { Log } from "../../../src/ports/index.ts";

const MINUTES = 60_000;
const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => log };
let now: number;
let ended: string[];
let guard: Guard;
beforeEach(() => {
  now = 0;
  ended = [];
  guard = createGuard({
    log,
    clock: { now: () => now, wallTime: () => Number.NaN, after: () => () => undefined },
    traffic: { ban: () => undefined, reject: () => undefined },
    groupOf: (peer) => peer.slice(0, 1),
    disconnect: (peer) => void ended.push(peer),
  });
});

const strike = (peer: string, times = 3): void => {
  for (let i = 0; i < times; i++) guard.strike(peer, "test");
};
/** Whether a peer is kept out: when it is dialled, when it comes, when it answers. */
const out = (peer: string): boolean[] => {
  const id = { toString: () => peer } as PeerId;
  const { gater } = guard;
  return [gater.denyDialPeer(id), gater.denyInboundEncryptedConnection(id), gater.denyOutboundEncryptedConnection(id)];
};
const IN = [false, false, false];
const OUT = [true, true, true];

it("shuts a peer out at its third wrong, for ten minutes, whichever way it comes", () => {
  strike("a1", 2);
  expect([out("a1"), ended]).toEqual([IN, []]);
  strike("a1", 1);
  expect([out("a1"), guard.isBanned("a1"), ended, out("a2")]).toEqual([OUT, true, ["a1"], IN]);
  now = 10 * MINUTES;
  expect(out("a1")).toEqual(IN);
});

it("shuts a group out with its third banned peer, for ten minutes, and no other group", () => {
  for (const peer of ["a1", "a2"]) strike(peer);
  expect(guard.isGroupBanned("a")).toBe(false);
  now = 5 * MINUTES;
  strike("a3");
  expect([guard.isGroupBanned("a"), guard.isGroupBanned("b")]).toEqual([true, false]);
  now = 15 * MINUTES;
  expect(guard.isGroupBanned("a")).toBe(false);
});

it("shuts peers of other networks out for ten minutes, at once, without a wrong", () => {
  guard.foreign("a1");
  expect([out("a1"), ended]).toEqual([OUT, ["a1"]]);
  for (const peer of ["a2", "a3"]) guard.foreign(peer);
  expect(guard.isGroupBanned("a")).toBe(false);
  now = 10 * MINUTES;
  expect(out("a1")).toEqual(IN);
});
