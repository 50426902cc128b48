export * from "./config/index.ts";
export {
  createWallet,
  genesisFor,
  loadNetwork,
  makeDataDir,
  type Network,
  type NodeParts,
  networkName,
  openAccount,
  parseSecret,
  readManifest,
  readWallet,
  registrationOf,
  type TaskChoice,
  type Wallet,
  walletPath,
} from "./parts/index.ts";
export { MODELS_DIR, VERSION } from "./paths.ts";
export { badPlugin, loadPlugins, NO_PLUGINS, type NodePlugin, type Plugins, pathsIn } from "./plugins/index.ts";
export { PoUWNode } from "./pouw-node.ts";
export * from "./tools/index.ts";
export * from "./views/index.ts";
