// Handshakes of strangers against a crowd whose sockets only note their end, on a clock moved by hand.
import type { Connection, MultiaddrConnection } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { describe, expect, it } from "vitest";
import { Crowd } from "../../../src/adapters/libp2p/peers/crowd.ts";
import type { Clock, Log } from "../../../src/ports/index.ts";

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => log };

function lab(banned: readonly string[] = []) {
  const timers: { ms: number; run: () => void }[] = [];
  const clock: Clock = {
    now: () => 0,
    wallTime: () => 0,
    after: (ms, run) => {
      const timer = { ms, run };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const ended: string[] = [];
  const deps = { clock, log, usefulness: () => 0, isGroupBanned: (group: string) => banned.includes(group) };
  const crowd = new Crowd({ maxConnections: 50, exemptLocal: false }, deps);
  let port = 0;
  /** A socket of 10.0.<group>.1; what it is called when it has ended. */
  const socket = (group: number): { name: string; as: MultiaddrConnection } => {
    const name = `${group}:${++port}`;
    const closed: (() => void)[] = [];
    const as = {
      remoteAddr: multiaddr(`/ip4/10.0.${group}.1/tcp/${port}`),
      addEventListener: (_event: string, run: () => void) => void closed.push(run),
      abort: () => {
        ended.push(name);
        for (const run of closed) run();
      },
    } as unknown as MultiaddrConnection;
    return { name, as };
  };
  const come = (group: number, count = 1) => Array.from({ length: count }, () => socket(group));
  return { crowd, timers, ended, come };
}

describe("handshakes under way", () => {
  it("of one group: the seventeenth takes the place of the oldest, and of silent ones first", () => {
    const { crowd, ended, come } = lab();
    const sockets = come(1, 17);
    for (const { as } of sockets.slice(0, 16)) expect(crowd.admit(as)).toBe(true);
    crowd.watch((sockets[0] as (typeof sockets)[0]).as)(100);
    expect(crowd.admit((sockets[16] as (typeof sockets)[0]).as)).toBe(true);
    expect(ended).toEqual([sockets[1]?.name]);
  });

  it("in all: the newcomer takes a place of the group that has most, not of who is alone", () => {
    const { crowd, ended, come } = lab();
    const alone = come(9);
    for (const { as } of [...alone, ...[1, 2, 3].flatMap((group) => come(group, 16)), ...come(4, 15)]) crowd.admit(as);
    expect(ended).toEqual([]);
    for (const { as } of come(5)) expect(crowd.admit(as)).toBe(true);
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatch(/^[123]:/);
  });

  it("end after three seconds, or with too many bytes, or when their group begins too many", () => {
    const { crowd, timers, ended, come } = lab();
    const [slow, talkative] = come(1, 2) as [ReturnType<typeof come>[0], ReturnType<typeof come>[0]];
    crowd.admit(slow.as);
    expect(timers.map(({ ms }) => ms)).toEqual([3_000]);
    timers[0]?.run();
    expect([ended, timers]).toEqual([[slow.name], []]);
    crowd.admit(talkative.as);
    const received = crowd.watch(talkative.as);
    for (let i = 0; i < 8; i++) received(1_024);
    expect(ended).toHaveLength(1);
    received(1);
    expect(ended).toEqual([slow.name, talkative.name]);
    for (const { as } of come(1, 100)) {
      crowd.admit(as);
      crowd.watch(as)(1);
      as.abort(new Error("over"));
    }
    const before = ended.length;
    const [late, elsewhere] = [come(1)[0], come(2)[0]] as [ReturnType<typeof come>[0], ReturnType<typeof come>[0]];
    for (const { as } of [late, elsewhere]) {
      crowd.admit(as);
      crowd.watch(as)(1);
    }
    expect(ended.slice(before)).toEqual([late.name]);
  });

  it("of a group that has all its connections do not begin", () => {
    const { crowd, ended, come } = lab();
    // An eighth of fifty.
    for (const { as } of come(1, 6)) {
      expect(crowd.admit(as)).toBe(true);
      crowd.ready(as as unknown as Connection);
    }
    const [more, other] = [come(1)[0], come(2)[0]] as [ReturnType<typeof come>[0], ReturnType<typeof come>[0]];
    expect([crowd.admit(more.as), crowd.admit(other.as), ended]).toEqual([false, true, []]);
  });

  it("of a group that is shut out do not begin", () => {
    const { crowd, come } = lab(["10.0.1.0/24"]);
    const [out, other] = [come(1)[0], come(2)[0]] as [ReturnType<typeof come>[0], ReturnType<typeof come>[0]];
    expect([crowd.admit(out.as), crowd.admit(other.as)]).toEqual([false, true]);
  });
});
