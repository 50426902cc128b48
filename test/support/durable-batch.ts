// What batch `n` of the durability test holds: several records of several sizes, each told by n alone.
import type { StoreWrite } from "../../src/ports/index.ts";

export const PARTS = 5;

export const partKey = (n: number, part: number): string => `batch/${String(n).padStart(8, "0")}/${part}`;

export function partValue(n: number, part: number): Uint8Array {
  return Uint8Array.from({ length: 1 + part * part * 900 }, (_, i) => (n * 131 + part * 17 + i) & 255);
}

/** PARTS records of one number, and one record that every batch writes over. */
export function durableBatch(n: number): StoreWrite[] {
  const parts = Array.from({ length: PARTS }, (_, part) => ({ key: partKey(n, part), value: partValue(n, part) }));
  return [...parts, { key: "latest", value: partValue(n, 1) }];
}
