// Tasks as people name them in settings: by name or by id. Whether a task exists is known only once the chain is open.
import { z } from "zod";
import { bytesEqual, fromHex } from "../base/index.ts";
import type { Task } from "../work/index.ts";

const NAME = /^(0x[0-9a-fA-F]{64}|[A-Za-z0-9][A-Za-z0-9._-]{0,63})$/;
const RULE = "must name tasks, such as digits-mlp, or give their ids of 64 hex digits";

/** A list of names or ids, each once; empty by default, which stands for all. */
export const taskNames = z
  .array(z.string(RULE).regex(NAME, RULE), RULE)
  .transform((names) => [...new Set(names)])
  .default([]);

/** Whether `name` is the task's name, or its id in hex as people type it. */
export const isCalled = (task: Pick<Task, "id" | "name">, name: string): boolean =>
  task.name === name || bytesEqual(fromHex(name) ?? new Uint8Array(0), task.id);
