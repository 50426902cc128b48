// What this node says of itself in the status handshake, at this moment.
import { fromBigInt, utf8 } from "../../base/index.ts";
import type { Rules } from "../../chain/index.ts";
import type { PeerStatus } from "../../codec/index.ts";
import type { Clock } from "../../ports/index.ts";
import type { EngineEvents, EventBus } from "../events.ts";

export const PROTOCOL_VERSION = 3;

/** A store that cannot be read says so elsewhere. */
const ignored = (): void => undefined;

export interface OwnStatusOptions {
  readonly rules: Rules;
  /** Bit set of roles. */
  readonly roleBits: number;
  /** Winning units are re-executed here. */
  readonly trains: boolean;
}

export interface OwnStatusDeps {
  readonly events: EventBus;
  readonly clock: Clock;
  /** `oldest`: lowest height whose deltas are all kept here. */
  readonly blocks: { oldest(): Promise<number> };
}

/** The function that gives it; it follows the head by the event bus. */
export function ownStatus(
  { rules, roleBits, trains }: OwnStatusOptions,
  { events, clock, blocks }: OwnStatusDeps,
): () => PeerStatus {
  let tip: EngineEvents["head"]["tip"] = { id: rules.genesis, height: 0, work: 0n };
  let oldest = 1;
  events.on("head", (change) => {
    tip = change.tip;
    void blocks.oldest().then((height) => {
      oldest = height;
    }, ignored);
  });
  return () => ({
    version: PROTOCOL_VERSION,
    network: utf8(rules.network),
    genesis: rules.genesis,
    head: tip.id,
    height: tip.height,
    work: fromBigInt(tip.work, 32),
    oldest,
    roles: roleBits,
    trains: trains ? 1 : 0,
    time: BigInt(Math.trunc(clock.wallTime())),
  });
}
