export * from "./apply.ts";
export * from "./difficulty.ts";
export * from "./economy/rewards.ts";
export * from "./evidence.ts";
export * from "./genesis.ts";
export * from "./genesis-state.ts";
export * from "./profiles.ts";
export * from "./refusals.ts";
export * from "./rules.ts";
export { decodeState, encodeState, type State, stateRoot } from "./state.ts";
export type {
  Account,
  Ban,
  Punished,
  RecentBlock,
  Reward,
  TaskState,
} from "./state-type.ts";
export { checkTransfer, checkTransferForm, selectTransfers } from "./transfers.ts";
