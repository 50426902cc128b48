// A line of headers by itself: it leads where the states lead, and takes a win at every step, of the key that it names.
import { describe, expect, it } from "vitest";
import type { Refusal } from "../../../src/base/index.ts";
import type { ChainPoint, State } from "../../../src/chain/index.ts";
import { Header } from "../../../src/codec/index.ts";
import { type Followed, followHeader } from "../../../src/consensus/index.ts";
import { alice, aWorld, bob, mineChain } from "../../support/chain.ts";
import { groundHeaders } from "../../support/headers.ts";

const world = aWorld();
const { rules } = world;
const { blocks, states } = mineChain(world, 12);
const headers = blocks.map(({ header }) => header);
const pointOf = ({ tipId, height, time, beacon, target, work }: State): ChainPoint => ({
  tipId,
  height,
  time,
  beacon,
  target,
  work,
});
const at = (height: number): State => states[height] as State;
const follow = (on: ChainPoint, header: Header): Followed | Refusal => followHeader(on, header, rules);
const signed = (header: Header, change: Partial<Header>, key = alice): Header =>
  Header.sign({ ...header, ...change }, key, rules.genesis);

describe("a line of headers", () => {
  it("comes to the same points as the states after its blocks", () => {
    let point = pointOf(at(0));
    for (const [i, header] of headers.entries()) {
      const followed = follow(point, header);
      if (followed.kind !== "point") throw new Error(followed.reason);
      point = followed.point;
      expect(point).toEqual(pointOf(at(i + 1)));
    }
  });

  const third = headers[2] as Header;
  it.each<readonly [string, Header]>([
    ["wrong-parent", headers[3] as Header],
    ["wrong-height", signed(third, { height: 4 })],
    ["time-not-after-parent", signed(third, { time: at(2).time })],
    ["wrong-target", signed(third, { target: new Uint8Array(32).fill(255) })],
    ["unknown-task", signed(third, { task: new Uint8Array(32) })],
    ["nonce-out-of-range", signed(third, { nonce: third.nonce - 1n - 2n ** 40n })],
    ["bad-signature", { ...third, stateRoot: new Uint8Array(32) }],
    ["wrong-version", signed(third, { version: 9 })],
  ])("refuses with %s", (code, header) => {
    expect(follow(at(2), third).kind).toBe("point");
    expect(follow(at(2), header)).toMatchObject({ code });
  });

  it("refuses another key's win, signed or not", () => {
    expect(follow(at(2), { ...third, miner: bob.address }).kind).not.toBe("point");
    expect(follow(at(2), signed(third, { miner: bob.address }, bob))).toMatchObject({ kind: "reject" });
  });

  it("shows hashes, not training: a line that nobody trained for is as good", () => {
    const { point } = groundHeaders(at(0), bob, { count: 12, solveMs: rules.blockTimeMs }, rules);
    expect(point.height).toBe(12);
    expect(point.work).toBeGreaterThan(0n);
  });
});
