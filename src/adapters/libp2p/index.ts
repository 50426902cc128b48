// The wire over libp2p. The polyfill comes first: libp2p calls Promise.withResolvers as it loads, which Node 20 lacks.
import "../../polyfill.ts";

export { type Libp2pWireOptions, networkPrefix, topicName } from "./options.ts";
export { createLibp2pWire } from "./wire.ts";
