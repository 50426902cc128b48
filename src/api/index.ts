export * from "./announce.ts";
export * from "./client.ts";
export { HTTP_CODES } from "./errors.ts";
export { rowProblem } from "./given-rows.ts";
export type { JsonSchema } from "./json-schema.ts";
export { type Operation, openApiDocument } from "./openapi.ts";
export { matches, type Row, resource, streamResource, textResource } from "./resource.ts";
export { type ApiServer, apiRows, buildApi, startApi } from "./server.ts";
