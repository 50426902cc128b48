export { Crowd, HANDSHAKE_MS, SPARE_SOCKETS } from "./crowd.ts";
export { Dialer } from "./dialer.ts";
export { createExchange, type Exchange } from "./exchange.ts";
export { createGuard, type Guard } from "./guard.ts";
export { boundedIdentify } from "./identify.ts";
export { guardedMdns } from "./mdns.ts";
export { PeerBook } from "./peer-book.ts";
export { PeerTable } from "./peer-table.ts";
export { tidy } from "./tidy.ts";
