export * from "./apply.ts";
export * from "./audits/windows.ts";
export { commitmentOf, judgeCommit, judgeReveal, selectWords } from "./audits/words.ts";
export * from "./canonical-json.ts";
export * from "./difficulty.ts";
export * from "./economy/held.ts";
export * from "./economy/pay.ts";
export * from "./economy/payments.ts";
export { type DoubleBlock, doubleBlock } from "./evidence/double-block.ts";
export { doubleRecord } from "./evidence/double-record.ts";
export { falseAttestation } from "./evidence/false-attestation.ts";
export { forgedUnit } from "./evidence/forged-unit.ts";
export {
  type CarryingBlock,
  carriable,
  judgeEvidence,
  judgeOn,
  selectEvidence,
  selectEvidenceSteps,
} from "./evidence/judge.ts";
export type { EvidenceKind, Offence, ShownUnit } from "./evidence/kind.ts";
export { EVIDENCE_KINDS, evidenceOf, judge } from "./evidence/kinds.ts";
export { atRisk } from "./evidence/loss.ts";
export * from "./genesis.ts";
export { type GenesisTask, taskOf } from "./genesis-task.ts";
export * from "./profiles.ts";
export * from "./rules.ts";
export * from "./state/genesis-state.ts";
export { MAIN_ROW, ROW_WEIGHT, readState, stateRows } from "./state/rows.ts";
export { type State, stateRoot } from "./state/state.ts";
export { type Common, SEALED, type Seat } from "./state/state-type.ts";
export { type ChainPoint, turnOf } from "./tip.ts";
export {
  checkTransaction,
  checkTransactionContent,
  checkTransactionForm,
  selectTransactions,
  selectTransactionsSteps,
} from "./transactions/apply.ts";
export type { TransactionKind } from "./transactions/kind.ts";
export {
  askOf,
  costOf,
  open as openTransaction,
  paymentOf,
  readPayload,
  showTransaction,
  TRANSACTION_KINDS,
} from "./transactions/kinds.ts";
export { type Transfer, transferOf } from "./transactions/transfer.ts";
export { stepped } from "./work.ts";
