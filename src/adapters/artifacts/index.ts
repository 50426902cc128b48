export { type ArtifactsOptions, createArtifacts } from "./artifacts.ts";
