export { createRequests, PER_PEER, type Requests } from "./client.ts";
export { createServer } from "./server.ts";
