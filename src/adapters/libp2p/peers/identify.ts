// What a peer says of itself, cut to size at the door: few bytes, few addresses, protocols that matter here, text without control characters.
import { type Identify, identify } from "@libp2p/identify";
import { PouwError } from "../../../base/index.ts";

/** Longest message; an honest one has some 1.5 KiB. The library reads up to ten of them. */
const MAX_BYTES = 4_096;
/** How long a peer may take to send it, ms. */
const ANSWER_MS = 3_000;
const MAX_ADDRESSES = 8;
const MAX_ADDRESS_BYTES = 128;
/** Protocols of a network that are listened for; the rest is of no use here. */
const PROTOCOL = /^\/(pouw|meshsub)\/[\x21-\x7e]{1,160}$/;
const MAX_PROTOCOLS = 32;
const MAX_AGENT = 64;

interface Said {
  agentVersion?: string;
  protocolVersion?: string;
  listenAddrs: Uint8Array[];
  protocols: string[];
  observedAddr?: Uint8Array;
  signedPeerRecord?: Uint8Array;
}
interface Inside {
  _identify(...args: unknown[]): Promise<Said>;
}

type Make = ReturnType<typeof identify>;

/** The identify service, for `createLibp2p`. Throws INTERNAL when the library is not built as expected. */
export function boundedIdentify(): Make {
  const make = identify({ maxMessageSize: MAX_BYTES, timeout: ANSWER_MS });
  return (components) => {
    const service = make(components);
    const inside = service as Identify & Partial<Inside>;
    const { _identify } = inside;
    if (typeof _identify !== "function") throw new PouwError("INTERNAL", "this libp2p's identify is built differently");
    inside._identify = async (...args) => trimmed(await _identify.apply(service, args));
    return service;
  };
}

/** What is kept of an identify message. Signed records are not used here, nor how our own address looks from there. */
export function trimmed(said: Said): Said {
  const { observedAddr: _, signedPeerRecord: __, protocolVersion: ___, agentVersion, ...rest } = said;
  return {
    ...rest,
    ...(agentVersion === undefined ? {} : { agentVersion: plainText(agentVersion, MAX_AGENT) }),
    listenAddrs: said.listenAddrs.filter(({ length }) => length <= MAX_ADDRESS_BYTES).slice(0, MAX_ADDRESSES),
    protocols: said.protocols.filter((name) => PROTOCOL.test(name)).slice(0, MAX_PROTOCOLS),
  };
}

/** Text as a screen, a log and a script can take it: no control, format, surrogate or unassigned characters, one kind of space. */
export function plainText(text: string, limit: number): string {
  return text
    .slice(0, 4 * limit)
    .replace(/\p{Z}/gu, " ")
    .replace(/\p{C}/gu, "")
    .slice(0, limit);
}
