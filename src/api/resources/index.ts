// Every resource of the API. A new one is a file in this folder and a name in this list.
import type { Row } from "../resource.ts";
import { account } from "./accounts.ts";
import { block, blocks } from "./blocks.ts";
import { events } from "./events.ts";
import { health, metrics, readiness } from "./health.ts";
import { peers } from "./peers.ts";
import { status } from "./status.ts";
import { submitTransaction, transactionById } from "./transactions.ts";

export const RESOURCES: readonly Row[] = [
  status,
  peers,
  blocks,
  block,
  account,
  submitTransaction,
  transactionById,
  events,
  health,
  readiness,
  metrics,
];
