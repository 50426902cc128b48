export { type BlobDeps, fetchBlob } from "./blobs.ts";
export { fetchBlock, fetchRound } from "./block-requests.ts";
export { type Client, createClient } from "./client.ts";
export { Outbox } from "./outbox.ts";
export { ownStatus, PROTOCOL_VERSION } from "./own-status.ts";
export { Peers } from "./peers.ts";
export { createServe, type OpenRecords, type Serve } from "./serve.ts";
export { Sync } from "./sync.ts";
export { within } from "./within.ts";
