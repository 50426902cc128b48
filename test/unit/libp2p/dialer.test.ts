import { describe, expect, it } from "vitest";
import { backoffMs, Dialer, type DialerOptions } from "../../../src/adapters/libp2p/peers/dialer.ts";
import type { Clock, Log } from "../../../src/ports/index.ts";

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silent };

function fakeClock(): Clock & { advance(ms: number): Promise<void>; readonly waiting: number } {
  let now = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  return {
    now: () => now,
    wallTime: () => Number.NaN,
    after: (ms, run) => {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    get waiting() {
      return timers.size;
    },
    advance: async (ms) => {
      const end = now + ms;
      for (;;) {
        for (let i = 0; i < 10; i++) await Promise.resolve();
        const due = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.delete(due);
        now = due.at;
        due.run();
      }
      now = end;
    },
  };
}

/** A dialer against a pretended network: `up` are the targets that answer. */
function lab(options: Partial<DialerOptions>, up: Set<string>, banned = new Set<string>()) {
  const clock = fakeClock();
  const dials: { at: number; target: string }[] = [];
  const connected = new Set<string>();
  const dialer = new Dialer(
    { bootstrap: [], minPeers: 4, ...options },
    {
      clock,
      random: () => 0,
      log: silent,
      dial: async (target) => {
        dials.push({ at: clock.now(), target });
        if (!up.has(target)) throw new Error("nobody there");
        const peer = target.replace(/^.*\/p2p\//, "");
        connected.add(peer);
        return peer;
      },
      isConnected: (peer) => connected.has(peer),
      isBanned: (peer) => banned.has(peer),
      connected: () => connected.size,
      dialled: () => undefined,
    },
  );
  return { clock, dials, connected, dialer };
}

describe("back-off", () => {
  it("doubles from one second to sixty, and chance takes up to half of it away", () => {
    expect([1, 2, 3, 6, 7, 50].map((failures) => backoffMs(failures, 1))).toEqual([
      1_000, 2_000, 4_000, 32_000, 60_000, 60_000,
    ]);
    expect([backoffMs(3, 0), backoffMs(50, 0)]).toEqual([2_000, 30_000]);
  });
});

describe("the dialer", () => {
  it("never gives a bootstrap address up, ever more slowly, and stops when it answers", async () => {
    const up = new Set<string>();
    const { clock, dials, dialer } = lab({ bootstrap: ["/boot"], minPeers: 0 }, up);
    dialer.start();
    await clock.advance(3_600_000);
    const gaps = dials.slice(1).map((dial, i) => dial.at - (dials[i]?.at ?? 0));
    expect(gaps.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
    expect(Math.max(...gaps)).toBe(30_000);
    expect(dials.length).toBeGreaterThan(100);
    up.add("/boot");
    await clock.advance(60_000);
    const answered = dials.length;
    await clock.advance(600_000);
    expect(dials.length).toBe(answered);
  });

  it("dials a lost bootstrap peer again, enough peers or not", async () => {
    const { clock, dials, connected, dialer } = lab(
      { bootstrap: ["/boot/p2p/b"], minPeers: 1 },
      new Set(["/boot/p2p/b"]),
    );
    connected.add("other");
    dialer.start();
    await clock.advance(1_000);
    expect(connected.has("b")).toBe(true);
    connected.delete("b");
    await clock.advance(5_000);
    expect(dials).toHaveLength(2);
  });

  it("dials known peers only while peers are few", async () => {
    const names = Array.from({ length: 10 }, (_, i) => `p${i}`);
    const { clock, dials, connected, dialer } = lab({ minPeers: 4 }, new Set(names));
    for (const name of names) dialer.learn(name);
    dialer.start();
    await clock.advance(10_000);
    expect(dials.map((dial) => dial.target)).toEqual(["p0", "p1", "p2", "p3"]);
    connected.clear();
    await clock.advance(10_000);
    expect(connected.size).toBe(4);
  });

  it("forgets a known peer after six failures, and skips the banned", async () => {
    const { clock, dials, dialer } = lab({}, new Set(["shut"]), new Set(["shut"]));
    dialer.learn("dead");
    dialer.learn("shut");
    dialer.start();
    await clock.advance(600_000);
    expect(dials.map((dial) => dial.target)).toEqual(Array.from({ length: 6 }, () => "dead"));
  });

  it("keeps whom it has reached, whatever number of others strangers name", async () => {
    const honest = ["h0", "h1", "h2", "h3"];
    const { clock, dials, connected, dialer } = lab({ minPeers: 4 }, new Set(honest));
    for (const name of honest.slice(0, 2)) dialer.learn(name);
    for (const name of honest.slice(2)) dialer.learn(name, { proved: true });
    dialer.start();
    await clock.advance(5_000);
    connected.clear();
    for (let i = 0; i < 5_000; i++) dialer.learn(`false ${i}`);
    const before = dials.length;
    await clock.advance(3_600_000);
    const again = new Set(dials.slice(before).map((dial) => dial.target));
    expect(honest.every((name) => again.has(name))).toBe(true);
    expect([dialer.knows("h0"), dialer.knows("nobody")]).toEqual([true, false]);
  });

  it("remembers a bounded number, and leaves no timer behind", async () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `p${i}`);
    const { clock, dials, dialer } = lab({ minPeers: 10_000 }, new Set());
    for (const name of names) dialer.learn(name);
    dialer.start();
    await clock.advance(3_600_000);
    expect(new Set(dials.map((dial) => dial.target)).size).toBe(256);
    dialer.stop();
    expect(clock.waiting).toBe(0);
  });
});
