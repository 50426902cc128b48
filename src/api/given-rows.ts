// Rows that come from outside this package: whether each is one, said with the name of the field that is not right.
import { z } from "zod";

const a = (what: string): string => `must be ${what}`;
const action = z.custom((it) => typeof it === "function", a("a function"));
const schema = z.custom(
  (it) => typeof (it as { safeParse?: unknown } | undefined)?.safeParse === "function",
  a("a zod schema"),
);
const common = { path: z.string(a("a path such as /v1/x/name")), summary: z.string(a("one sentence")) };

const rowShape = z.discriminatedUnion(
  "kind",
  [
    z.looseObject({
      ...common,
      kind: z.literal("json"),
      method: z.enum(["GET", "POST", "PUT", "DELETE"], a("GET, POST, PUT or DELETE")),
      params: schema,
      query: schema,
      body: schema.optional(),
      reply: schema,
      status: z.int(a("a status")).min(200, a("a status")).max(299, a("a status")),
      handle: action,
    }),
    z.looseObject({
      ...common,
      kind: z.literal("text"),
      method: z.literal("GET", a("GET")),
      type: z.string(a("a content type")),
      handle: action,
    }),
    z.looseObject({
      ...common,
      kind: z.literal("stream"),
      method: z.literal("GET", a("GET")),
      events: z.record(z.string(), schema, a("an object of zod schemas")),
      open: action,
    }),
  ],
  a("made with resource(), textResource() or streamResource()"),
);

/** Why `value` is no row, as words that go on after its name; undefined when it is one. */
export function rowProblem(value: object): string | undefined {
  const issue = rowShape.safeParse(value).error?.issues[0];
  if (issue === undefined) return undefined;
  const field = issue.code === "invalid_union" ? "" : issue.path.map((step) => `.${String(step)}`).join("");
  return `${field} ${issue.message}`;
}
