export { Attestations } from "./attestations.ts";
export { AuditWords } from "./audit-words.ts";
export { EvidenceWatch } from "./evidence.ts";
export { Ledger } from "./ledger.ts";
export { Mempool } from "./mempool.ts";
export type { Kept, Parent, Training } from "./training.ts";
