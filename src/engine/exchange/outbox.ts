// Own objects out to the network, each on its topic; a block too large to gossip goes out as its header and is pulled.
import { concatBytes, messageOf } from "../../base/index.ts";
import {
  type Attestation,
  type Block,
  blockCodec,
  type Contribution,
  contributionCodec,
  headerCodec,
  type RoundRecord,
  recordCodec,
  type Transfer,
  transferCodec,
  verdictCodec,
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
    const bytes = blockCodec.encode(block);
    const whole = bytes.length < MAX_GOSSIP_BYTES;
    const body = whole ? bytes : headerCodec.encode(block.header);
    this.#send("block", concatBytes(Uint8Array.of(whole ? WHOLE : HEADER_ONLY), body));
  }

  contribution(contribution: Contribution): void {
    this.#send("contribution", contributionCodec.encode(contribution));
  }

  record(record: RoundRecord): void {
    this.#send("record", recordCodec.encode(record));
  }

  transfer(transfer: Transfer): void {
    this.#send("transfer", transferCodec.encode(transfer));
  }

  verdict(verdict: Attestation): void {
    this.#send("verdict", verdictCodec.encode(verdict));
  }

  #send(topic: Topic, data: Uint8Array): void {
    void this.#wire
      .publish(topic, data)
      .catch((error) => this.#log.warn({ topic, reason: messageOf(error) }, "publishing failed"));
  }
}
