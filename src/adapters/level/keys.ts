// What a key may look like, the same for both stores.
import { PouwError } from "../../base/index.ts";

/** Printable ASCII only, so that byte order and string order are the same; throws INTERNAL. */
export function checkKey(key: string): void {
  if (!/^[\x20-\x7e]+$/.test(key)) throw new PouwError("INTERNAL", `not a store key: ${JSON.stringify(key)}`);
}
