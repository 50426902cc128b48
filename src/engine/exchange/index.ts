export { type BlobDeps, type BlobWanted, CHUNK_TIMEOUT_MS, fetchBlob } from "./blobs.ts";
export { fetchBlock, fetchRound } from "./block-requests.ts";
export { type Client, createClient } from "./client.ts";
export { Outbox } from "./outbox.ts";
export { ownStatus, PROTOCOL_VERSION } from "./own-status.ts";
export { Peers } from "./peers.ts";
export { createServe, type OpenRecords, type Serve, type Shelves } from "./serve.ts";
export { CHUNK_BLOCKS, Sync, type SyncDeps } from "./sync.ts";
export { within } from "./within.ts";
