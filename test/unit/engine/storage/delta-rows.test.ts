// Deltas with who needs them: one place for the same bytes, whoever sends them, and none when the last owner has gone.
import { expect, it } from "vitest";
import { memoryStore } from "../../../../src/adapters/level/index.ts";
import { sha256 } from "../../../../src/crypto/index.ts";
import {
  type DeltaRow,
  needRows,
  ownerOfRound,
  Released,
  readDelta,
} from "../../../../src/engine/storage/delta-rows.ts";
import { KEYS } from "../../../../src/engine/storage/index.ts";
import { keysOf } from "../../../support/desk.ts";

const bytes = Uint8Array.of(1, 2, 3);
const hash = sha256(bytes);
const at = (height: number): DeltaRow => ({ hash, height, bytes });
const byRound = { ownerOf: ({ height }: DeltaRow) => ownerOfRound(height) };

it("a copy from another height lies where the first does, within one write and across two", async () => {
  const store = memoryStore();
  await store.batch(await needRows(store, [at(7), at(9)], byRound));
  await store.batch(await needRows(store, [at(4)], byRound));
  expect(await keysOf(store, "delta")).toEqual([KEYS.delta(7, hash).slice("delta/".length)]);
  expect(await readDelta(store, hash)).toEqual(bytes);
  for (const [n, height] of [9, 7, 4].entries()) {
    const released = new Released();
    released.add(hash, ownerOfRound(height));
    await store.batch(await released.rows(store));
    expect(await readDelta(store, hash)).toEqual(n < 2 ? bytes : undefined);
  }
  expect([...(await keysOf(store, "delta")), ...(await keysOf(store, "need"))]).toEqual([]);
});

it("bytes that are nowhere leave no row; those that the same write keeps stay", async () => {
  const store = memoryStore();
  expect(await needRows(store, [{ hash, height: 7, bytes: undefined }], byRound)).toEqual([]);
  await store.batch(await needRows(store, [at(7)], byRound));
  const released = new Released();
  released.add(hash, ownerOfRound(7));
  const kept = await needRows(store, [at(9)], byRound);
  await store.batch([...kept, ...(await released.rows(store, [at(9)]))]);
  expect(await readDelta(store, hash)).toEqual(bytes);
  expect(await keysOf(store, "need")).toHaveLength(1);
});
