export { type Built, build, type NodeParts } from "./build.ts";
export {
  installedArtifacts,
  probeRuntime,
  workersFor,
} from "./capabilities.ts";
export { makeDataDir } from "./data-dir.ts";
export { tasksNamed } from "./follow.ts";
export * from "./network.ts";
export { RoleRunner } from "./role-runner.ts";
export { sendTransfer } from "./transfer.ts";
export * from "./wallet.ts";
