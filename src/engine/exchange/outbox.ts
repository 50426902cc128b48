// Own objects out to the network, each on its topic; a block too large to gossip goes out as its header and is pulled.
import { concatBytes, messageOf } from "../../base/index.ts";
import {
    Attestation,
    Block,
    Contribution,
    Header,
    RoundRecord,
    Transaction,
    type Transfer,
} from "../../codec/index.ts";
import { type Log, MAX_GOSSIP_BYTES, type Topic, type Wire } from "../../ports/index.ts";
import { HEADER_ONLY, WHOLE } from "../intake/inbox.ts";

export class Outbox {
  readonly #wire: Wire;
  readonly #log: Log;

  constructor(wire: Wire, log: Log) {
    this.#wire = wire;
    this.#log = log;
  }

  block(block: Block): void {
    const bytes = Block.codec.encode(block);
    const whole = bytes.length < MAX_GOSSIP_BYTES;
    const body = whole ? bytes : Header.codec.encode(block.header);
    this.#send("block", concatBytes(Uint8Array.of(whole ? WHOLE : HEADER_ONLY), body));
  }

  contribution(contribution: Contribution): void {
    this.#send("contribution", Contribution.codec.encode(contribution));
  }

  record(record: RoundRecord): void {
    this.#send("record", RoundRecord.codec.encode(record));
  }

  transfer(transfer: Transfer): void {
    this.#send("transfer", Transaction.codec.encode(transfer));
  }

  verdict(verdict: Attestation): void {
    this.#send("verdict", Attestation.codec.encode(verdict));
  }

  #send(topic: Topic, data: Uint8Array): void {
    void this.#wire
      .publish(topic, data)
      .catch((error) => this.#log.warn({ topic, reason: messageOf(error) }, "publishing failed"));
  }
}
