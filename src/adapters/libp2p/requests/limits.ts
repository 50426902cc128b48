// Limits that both sides of a request keep.

/** Longest a request waits, whatever its signal says, ms. */
export const REQUEST_MS = 30_000;
/** Requests to (and from) one peer at once, over all protocols. */
export const PER_PEER = 8;
