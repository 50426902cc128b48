// The scripting API. `PoUWNode` starts a node from TypeScript; the rest are the types and the few tools that go with it.
/**
 * @example
 * ```ts
 * import { PoUWNode } from "pouw-node";
 *
 * const node = await PoUWNode.create({ role: "miner", network: "devnet", dataDir: "./my-node" });
 * node.on("block", ({ height, hash, own }) => console.log(height, hash, own ? "mine" : ""));
 * await node.start();
 * console.log(node.getStatus().state);
 * await node.stop();
 * ```
 * @packageDocumentation
 */
import "./polyfill.ts";

export { type Row, resource, streamResource, textResource } from "./api/index.ts";
export { type App, type AppDeps, createApp, type Plugin } from "./app/index.ts";
export {
  coins,
  type ErrorCode,
  formatAddress,
  formatCoins,
  PouwError,
  parseAddress,
  type Setting,
  setting,
  toHex,
  type Verdict,
  z,
} from "./base/index.ts";
export { type KeyPair, keyPairFromSecret } from "./crypto/index.ts";
export {
  type AccountView,
  type AlertEvent,
  type BlockDetail,
  type BlockSummary,
  type BlockView,
  type CapabilityReport,
  type HealthMetrics,
  loadNetwork,
  type Network,
  type NodeEvents,
  type NodeOptions,
  type NodeOptionsInput,
  type NodeParts,
  type NodeState,
  type NodeStatus,
  type NodeView,
  PoUWNode,
  type TransactionView,
  type TransferOrder,
  VERSION,
} from "./node/index.ts";
export type { Artifacts, Clock, Log, Metrics, Runtime, Store, Wire } from "./ports/index.ts";
export {
  type AnyRole,
  anyRole,
  type ControlEvent,
  type RoleModule,
  type RoleStart,
  type RoleTools,
  role,
} from "./roles/index.ts";
