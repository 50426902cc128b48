// Own objects out to the network, each on its topic, as the bytes that they already have.
import { messageOf, PouwError } from "../../base/index.ts";
import { type Block, BlockNotice, type Decoded, type Topic } from "../../codec/index.ts";
import type { Log, Wire } from "../../ports/index.ts";

export class Outbox {
  readonly #wire: Wire;
  readonly #log: Log;

  constructor({ wire, log }: { readonly wire: Wire; readonly log: Log }) {
    this.#wire = wire;
    this.#log = log;
  }

  /** A block too large to gossip goes out as its header and is pulled. */
  block(block: Decoded<Block>): void {
    this.publish("block", BlockNotice.of(block));
  }

  /** Sends a message on its way; a failure is logged. */
  publish(topic: Topic, data: Uint8Array): void {
    void this.#wire.publish(topic, data).catch((error: unknown) => {
      // What a unit brings in the moments of a clean stop has nobody left to go to: no cause for alarm.
      const closed = error instanceof PouwError && error.code === "CLOSED";
      this.#log[closed ? "debug" : "warn"]({ topic, reason: messageOf(error) }, "publishing failed");
    });
  }
}
