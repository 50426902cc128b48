export * from "./announce.ts";
export * from "./client.ts";
export type { ErrorReply } from "./schemas.ts";
export { type ApiOptions, type ApiServer, buildApi, startApi } from "./server.ts";
