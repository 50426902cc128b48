// JSON schemas of zod schemas: inlined for what fastify serialises by, with components for the document.
// Both describe what is on the wire: what is sent of a request, before it is parsed, and a reply, which has no transforms.
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { memoised, PouwError } from "../base/index.ts";

export type JsonSchema = { readonly [key: string]: unknown };
export type Components = { [name: string]: JsonSchema };

/** Nothing is registered here: a schema converted against it has no names, so all of it is inline. */
const nameless = z.registry<{ id?: string }>();

// Conversions are remembered by schema: every server of a process converts the same ones.

/** The JSON schema that fastify serialises a reply by: what it does not name does not leave. */
export const serialisable = memoised((schema: z.ZodType): JsonSchema => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { target: "draft-7", io: "input", metadata: nameless });
  return json;
});

/** With the named parts under `$defs`. */
const named = memoised((schema: z.ZodType): JsonSchema => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: "input",
    override({ jsonSchema }) {
      // zod's `readonly` is about TypeScript, its bounds of an integer about doubles: neither says anything to a reader.
      delete jsonSchema.readOnly;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return referring(json) as JsonSchema;
});

/** The document's schema; what has a name goes into `components` and is referred to. Throws BAD_CONFIG for two of one name. */
export function documented(schema: z.ZodType, components: Components): JsonSchema {
  const { $defs = {}, ...json } = named(schema);
  for (const [name, component] of Object.entries($defs as Components)) {
    if (components[name] !== undefined && !isDeepStrictEqual(components[name], component))
      throw new PouwError("BAD_CONFIG", `Two schemas of the API are named ${name}.`, {
        remedy: "Give the plugin's schema another id.",
      });
    components[name] = component;
  }
  return json;
}

/** `value` with its references led to the document's components. */
function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    key === "$ref" && typeof item === "string"
      ? item.replace(/^#\/\$defs\//, "#/components/schemas/")
      : referring(item),
  ]);
  return Object.fromEntries(entries);
}
