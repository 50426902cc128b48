// The shapes that only HTTP has. Everything else is a schema of src/node/views, next to what makes the values.
import { z } from "zod";
import { hashForm } from "../node/index.ts";

export const acceptedSchema = z
  .object({ id: hashForm.describe("Id of what was taken."), accepted: z.literal(true).describe("Always true.") })
  .readonly()
  .meta({ id: "Accepted", description: "The node took it and passes it on; no block holds it yet." });

export const errorSchema = z
  .object({
    error: z
      .object({
        code: z.string().describe("One of the codes of this page or of the README."),
        message: z.string().describe("One sentence for people."),
        remedy: z.string().optional().describe("What to do next."),
        refusal: z
          .string()
          .optional()
          .describe("The refusal's own code, when the ledger or the mempool said no (code REFUSED)."),
      })
      .readonly()
      .describe("What is wrong."),
  })
  .readonly()
  .meta({ id: "Error", description: "Every answer of 400 and above, unless its resource says otherwise." });
export type ErrorReply = z.infer<typeof errorSchema>;
