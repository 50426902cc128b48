// A payload's fields as people write them, checked by a kind's own schema. The doors use this; consensus never does.
import type { z } from "zod";
import { PouwError } from "../../base/index.ts";
import type { PayloadFields } from "./kind.ts";

/** The `parse` of a kind from the schema of its fields. What it makes throws BAD_ENCODING, naming the field that is wrong. */
export const parseWith =
  <P>(schema: z.ZodType<P>) =>
  (fields: PayloadFields): P => {
    const parsed = schema.safeParse(fields);
    if (parsed.success) return parsed.data;
    const { path, message } = parsed.error.issues[0] as z.core.$ZodIssue;
    throw new PouwError("BAD_ENCODING", [...path, message].join(" "), { cause: parsed.error });
  };
