import { describe, expect, it } from "vitest";
import { Strikes } from "../../../src/base/index.ts";

const rules = { limit: 3, windowMs: 1_000, banMs: 500 };

describe("Strikes", () => {
  it("bans at the limit, for as long as the rules say, and then starts clean", () => {
    const strikes = new Strikes(rules);
    expect([strikes.add("a", 0), strikes.add("a", 1), strikes.add("a", 2)]).toEqual([false, false, true]);
    expect(strikes.isBanned("a", 501)).toBe(true);
    expect(strikes.isBanned("a", 502)).toBe(false);
    expect(strikes.add("a", 503)).toBe(false);
  });

  it("forgets strikes older than the window", () => {
    const strikes = new Strikes(rules);
    strikes.add("a", 0);
    strikes.add("a", 900);
    expect(strikes.add("a", 1_001)).toBe(false);
    expect(strikes.add("a", 1_002)).toBe(true);
  });

  it("counts keys apart, and a banned key's further wrongs ban nobody anew", () => {
    const strikes = new Strikes(rules);
    for (const at of [0, 1, 2]) strikes.add("a", at);
    expect(strikes.add("a", 3)).toBe(false);
    expect(strikes.isBanned("b", 3)).toBe(false);
    strikes.ban("b", 3);
    expect(strikes.isBanned("b", 4)).toBe(true);
  });

  it("remembers a bounded number of keys", () => {
    const strikes = new Strikes(rules);
    strikes.ban("first", 0);
    for (let i = 0; i < 5_000; i++) strikes.ban(`k${i}`, 0);
    expect(strikes.isBanned("first", 1)).toBe(false);
    expect(strikes.isBanned("k4999", 1)).toBe(true);
  });
});
