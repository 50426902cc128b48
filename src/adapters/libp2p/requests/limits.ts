// Limits that both sides of a request keep.

/** Longest a request waits, whatever its signal says, ms. */
export const REQUEST_MS = 30_000;
/** Requests to (and from) one peer at once, over all protocols. */
export const PER_PEER = 8;
/** The same with one IP group and with all: at most this many answers of 4 MiB are in memory each way. */
export const PLACES = { perPeer: PER_PEER, perGroup: 12, inAll: 32 };
