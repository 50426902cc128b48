import { describe, expect, it } from "vitest";
import { costOf, piecesOf, trim } from "../../../src/adapters/libp2p/gossip/frame.ts";

const ids = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => new Uint8Array([i]));
const unseen = (): boolean => false;

describe("a gossip frame", () => {
  it("has 64 ids of IHAVE and of IWANT looked at, over all its entries", () => {
    const rpc = {
      control: { ihave: [40, 40, 40].map((n) => ({ messageIDs: ids(n) })), iwant: [{ messageIDs: ids(70) }] },
    };
    trim(rpc);
    expect(rpc.control.ihave.map(({ messageIDs }) => messageIDs.length)).toEqual([40, 24, 0]);
    expect(rpc.control.iwant.map(({ messageIDs }) => messageIDs.length)).toEqual([64]);
    trim({});
    const little = { control: { ihave: [{ messageIDs: ids(3) }] } };
    trim(little);
    expect(little.control.ihave[0]?.messageIDs).toEqual(ids(3));
  });

  it("costs more for what is new than for what was seen, and something for each entry", () => {
    expect(costOf({}, unseen)).toBe(0);
    expect(costOf({ messages: [1, 2, 3] }, unseen)).toBe(24);
    expect(costOf({ messages: [1, 2, 3] }, (one) => one !== 2)).toBe(10);
    expect(costOf({ subscriptions: [1], control: { graft: [1, 2], prune: [1] } }, unseen)).toBe(8);
    expect(costOf({ control: { iwant: [{ messageIDs: ids(4) }] } }, unseen)).toBe(20);
    expect(costOf({ control: { ihave: [{ messageIDs: ids(9) }], idontwant: [{ messageIDs: ids(9) }] } }, unseen)).toBe(
      2,
    );
  });

  it("is cut into pieces that hold all of it once, in order, control last", () => {
    const control = { graft: [1] };
    const messages = Array.from({ length: 100 }, (_, i) => i);
    const pieces = piecesOf({ subscriptions: ["s"], messages, control });
    expect(pieces.flatMap((piece) => piece.messages)).toEqual(messages);
    expect(pieces.every((piece) => (piece.messages?.length ?? 0) <= 32)).toBe(true);
    expect(pieces.flatMap((piece) => piece.subscriptions)).toEqual(["s"]);
    expect(pieces.map((piece) => piece.control)).toEqual([...pieces.slice(1).map(() => undefined), control]);
    const small = { messages: [1], control };
    expect(piecesOf(small)).toEqual([small]);
  });
});
