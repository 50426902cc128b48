export * from "./announce.ts";
export * from "./client.ts";
export { type ApiServer, buildApi, startApi } from "./server.ts";
