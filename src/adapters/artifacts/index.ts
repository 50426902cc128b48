export { createArtifacts } from "./artifacts.ts";
