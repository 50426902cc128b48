export { Dialer } from "./dialer.ts";
export { createExchange, type Exchange } from "./exchange.ts";
export { createGuard, type Guard } from "./guard.ts";
export { guardedMdns } from "./mdns.ts";
export { openPeerBook } from "./peer-book.ts";
export { IDENTIFY_MS, PeerTable } from "./peer-table.ts";
