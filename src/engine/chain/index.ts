export { Attestations, type Decided } from "./attestations.ts";
export { AuditWords } from "./audit-words.ts";
export { EvidenceWatch } from "./evidence.ts";
export { KeyBans } from "./key-bans.ts";
export { Ledger } from "./ledger.ts";
export { Mempool } from "./mempool.ts";
export { OwnKey, type OwnKeyDeps, type OwnKeyOptions, recordSlot, winSlot } from "./own-key.ts";
export { MAX_AHEAD } from "./reopen.ts";
export type { Judged, Kept, Parent, Training } from "./training.ts";
