// docs/api.md from the OpenAPI document: one section a resource, one a shape. Kept apart from api-doc.ts so that a test can
// compare without writing.
import { apiRows, HTTP_CODES, type JsonSchema, type Operation, openApiDocument } from "../../src/api/index.ts";

type Schema = JsonSchema & {
  readonly $ref?: string;
  readonly type?: string;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly description?: string;
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
};

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** A table and the empty line after it, its columns aligned as the formatter wants them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows].map((line) => line.map(cell));
  const widths = head.map((_, i) => Math.max(3, ...cells.map((line) => (line[i] as string).length)));
  const row = (line: readonly string[]): string =>
    `| ${line.map((text, i) => text.padEnd(widths[i] as number)).join(" | ")} |`;
  const [first, ...others] = cells.map(row);
  return [first as string, row(widths.map((width) => "-".repeat(width))), ...others, ""];
}

/** Name of the component that a schema refers to, empty for none. */
const componentOf = ({ $ref = "" }: Schema): string => $ref.slice($ref.lastIndexOf("/") + 1);

/** A schema in a few words, its named parts as links. */
function form(schema: Schema): string {
  const { $ref, type = "any", items, pattern } = schema;
  if ($ref !== undefined) {
    const name = componentOf(schema);
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (items !== undefined) return `list of ${form(items)}`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(form).join(" or ");
  if (schema.additionalProperties?.type !== undefined) return `object of ${form(schema.additionalProperties)}s`;
  if (schema.properties !== undefined) return `{ ${Object.keys(schema.properties).join(", ")} }`;
  return pattern === undefined ? type : `${type}, \`${pattern}\``;
}

function fields({ properties = {}, required = [] }: Schema, named: { readonly [name: string]: Schema }): string[] {
  const rows = Object.entries(properties).map(([name, schema]) => [
    required.includes(name) ? `\`${name}\`` : `\`${name}\`?`,
    form(schema),
    schema.description ?? named[componentOf(schema)]?.description ?? "",
  ]);
  return rows.length === 0 ? [] : table(["field", "form", "meaning"], rows);
}

function answers({ responses }: Operation): string[] {
  return Object.entries(responses).flatMap(([status, { description, content }]) => {
    if (status.endsWith("XX")) return [];
    const [[type, { schema, "x-events": events }]] = Object.entries(content) as [
      [string, { schema: Schema; "x-events"?: object }],
    ];
    const what = type === "application/json" ? form(schema) : `\`${type}\``;
    const line = `- ${status}: ${what}${description === "Done." ? "" : `. ${description}`}`;
    const named = Object.entries(events ?? {}).map(
      ([event, data]) => `  - event \`${event}\`: ${form(data as Schema)}`,
    );
    return [line, ...named];
  });
}

function resourceSection(method: string, path: string, operation: Operation): string[] {
  const { summary, parameters = [], requestBody } = operation;
  const body = requestBody?.content["application/json"]?.schema as Schema | undefined;
  const given = parameters.map((it) => [`\`${it.name}\`${it.required ? "" : "?"}`, it.in, it.description ?? ""]);
  return [
    `### ${method.toUpperCase()} ${path.replace(/\{([a-zA-Z]+)\}/g, ":$1")}`,
    "",
    summary,
    "",
    ...(given.length === 0 ? [] : table(["parameter", "in", "meaning"], given)),
    ...(body === undefined ? [] : [`- body: ${form(body)}`]),
    ...answers(operation),
    "",
  ];
}

function shapeSection(name: string, named: { readonly [name: string]: Schema }): string[] {
  const schema = named[name] as Schema;
  const simple = schema.properties === undefined ? [`Form: ${form(schema)}.`, ""] : [];
  return [`### ${name}`, "", schema.description ?? "", "", ...simple, ...fields(schema, named)];
}

/** The whole page. */
export function apiMarkdown(): string {
  const { info, paths, components } = openApiDocument(apiRows());
  const named = components.schemas as { readonly [name: string]: Schema };
  const codes = Object.entries(HTTP_CODES).map(([code, { status, meaning }]) => [`\`${code}\``, `${status}`, meaning]);
  const lines = [
    "# The HTTP API",
    "",
    "Written by `npm run docs` from the rows of `src/api/resources`; a test compares. `GET /v1/openapi.json` is the same for programs.",
    "",
    info.description.replaceAll(". ", ".\n"),
    "",
    "## Resources",
    "",
    ...Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, operation]) => resourceSection(method, path, operation)),
    ),
    "## Error codes",
    "",
    "An answer of 400 and above is an [Error](#error). Beside the node's own codes (README) the API has these:",
    "",
    ...table(["code", "status", "meaning"], codes),
    "## Shapes",
    "",
    "A name with `?` may be absent.",
    "",
    ...Object.keys(named).flatMap((name) => shapeSection(name, named)),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}
