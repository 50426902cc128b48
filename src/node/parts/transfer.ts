// A transfer that a script orders: its values checked at the call, signed by the node's account, judged as everybody else's.
import { PouwError, parseAddress, toHex } from "../../base/index.ts";
import { transferOf } from "../../chain/index.ts";
import { Transaction } from "../../codec/index.ts";
import { objectGiven } from "../config/index.ts";
import type { TransferOrder } from "../views/index.ts";
import type { Built } from "./build.ts";

/** Sends it out; its id in hex. Throws BAD_ID, BAD_AMOUNT, or REFUSED with the reason. */
export function sendTransfer(order: TransferOrder, { engine, key, network }: Built): string {
  const { genesis, network: name } = network.rules;
  const { to, amount, fee } = objectGiven(order, "A transfer", "{ to, amount, fee }");
  const receiver = typeof to === "string" ? parseAddress(to, name) : to;
  const nonce = engine.mempool.nextNonce(key.address);
  const unsigned = transferOf({ genesis, from: key.address, to: receiver, amount, fee, nonce });
  // What goes out is what the bytes say.
  const transaction = Transaction.wrap(Transaction.sign(unsigned, key, genesis));
  const verdict = engine.submit(transaction);
  if (verdict.kind !== "accept") throw new PouwError("REFUSED", `The transfer was refused: ${verdict.reason}.`);
  return toHex(transaction.id);
}
