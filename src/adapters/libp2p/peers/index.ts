export { createDialer, type Dialer } from "./dialer.ts";
export { createExchange } from "./exchange.ts";
export { createGuard, type Guard } from "./guard.ts";
export { guardedMdns } from "./mdns.ts";
export { openPeerBook } from "./peer-book.ts";
export { createPeerTable, IDENTIFY_MS, type PeerTable } from "./peer-table.ts";
