export { RequestClient } from "./client.ts";
export { PER_PEER } from "./limits.ts";
export { type Answer, RequestServer } from "./server.ts";
