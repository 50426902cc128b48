export { openRuntime, probeProviders, type RuntimeOptions } from "./runtime.ts";
