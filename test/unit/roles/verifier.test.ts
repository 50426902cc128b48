// The verifier attests to what was re-executed here, and to nothing else; the peer does nothing of its own.
import { describe, expect, it, vi } from "vitest";
import type { Block } from "../../../src/codec/index.ts";
import type { EngineEvents } from "../../../src/engine/index.ts";
import { peer } from "../../../src/roles/peer.ts";
import { verifier } from "../../../src/roles/verifier.ts";
import { alice, aWorld, mineBlock } from "../../support/chain.ts";

const world = aWorld();
const block: Block = mineBlock(world.state, alice, world.rules).block;
const digest = new Uint8Array(32).fill(3);
const checked = (change: Partial<EngineEvents["checked"]> = {}): EngineEvents["checked"] => ({
  block,
  id: "ab",
  outcome: "valid",
  by: "executed",
  digest,
  ...change,
});

describe("the verifier", () => {
  it("needs a runtime, leads nothing, checks before it relays, and watches audits", () => {
    expect([verifier.needs, verifier.claims, verifier.options]).toEqual([
      ["runtime"],
      { checksBeforeRelay: true, watchesAudits: true },
      undefined,
    ]);
  });

  it("hears of blocks that were re-executed here, not of what others attested", () => {
    expect(Object.keys(verifier.listens)).toEqual(["checked"]);
    expect(verifier.listens.checked?.(checked())).toEqual({ type: "executed", block, outcome: "valid", digest });
    expect(verifier.listens.checked?.(checked({ by: "attestations", digest: undefined }))).toBeUndefined();
  });

  it.each([
    ["a valid unit", "valid", digest],
    ["a forged unit, with the digest that it found", "invalid", digest],
    ["a unit that does not end", "invalid", undefined],
  ] as const)("attests to %s", (_what, outcome, found) => {
    const [state, first] = verifier.start({ workers: 1, options: {} as never, tasks: [] });
    expect(first).toEqual([]);
    const event = { type: "executed", block, outcome, digest: found } as const;
    const [next, effects] = verifier.step(state, event);
    expect(effects).toEqual([{ type: "attest", block, outcome, digest: found }]);
    expect(next).toBe(state);
    const engine = { attest: vi.fn() };
    for (const effect of effects) verifier.effects.attest(effect, { engine } as never);
    expect(engine.attest).toHaveBeenCalledExactlyOnceWith(block, outcome, found);
  });

  it.each(["pause", "resume"] as const)("goes on through a %s: a check owes nothing to training", (type) => {
    expect(verifier.step(undefined, { type })).toEqual([undefined, []]);
  });
});

describe("the peer", () => {
  it("needs, claims, hears and does nothing of its own", () => {
    expect([peer.needs, peer.claims, peer.listens, peer.effects]).toEqual([[], {}, {}, {}]);
    expect(peer.bit).toBe(0);
    expect(peer.start({ workers: 1, options: {} as never, tasks: [] })).toEqual([undefined, []]);
    for (const type of ["pause", "resume"] as const) expect(peer.step(undefined, { type })).toEqual([undefined, []]);
  });
});
