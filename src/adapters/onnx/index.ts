export type { ProviderWish } from "./ladder.ts";
export { PROVIDERS, type Provider } from "./messages.ts";
export { openRuntime, probeProviders, type RuntimeOptions } from "./runtime.ts";
