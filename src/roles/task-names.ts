// Tasks as people name them in settings: by name or by id. Whether a task exists is known only once the chain is open.
import { z } from "zod";

const NAME = /^(0x[0-9a-fA-F]{64}|[A-Za-z0-9][A-Za-z0-9._-]{0,63})$/;
const RULE = "must name tasks, such as digits-mlp, or give their ids of 64 hex digits";

/** A list of names or ids, each once; empty by default, which stands for all. */
export const taskNames = z
  .array(z.string(RULE).regex(NAME, RULE), RULE)
  .transform((names) => [...new Set(names)])
  .default([]);
